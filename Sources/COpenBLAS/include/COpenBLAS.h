// The two products of OpenBLAS that Impasto uses. The library is loaded by the first product: only training needs it,
// and programs that paint start without it.
#ifndef COPENBLAS_H
#define COPENBLAS_H

#include <cblas.h>

/// Loads OpenBLAS and sets it to one thread, because Impasto's own threads split the work. If the library does not
/// recognise the processor and has fallen back to its SSE kernels, selects the widest kernels that the processor
/// supports.
///
/// Call it once, before the first product and while no other thread uses OpenBLAS. Respects OPENBLAS_CORETYPE in the
/// environment. Where the library is missing, it says so on standard error and ends the process with status 127, as the
/// dynamic loader does.
void impasto_openblas_configure(void);

/// `C = alpha·A·B + beta·C`, with the arguments of `cblas_sgemm`.
void impasto_openblas_sgemm(CBLAS_ORDER order, CBLAS_TRANSPOSE transposes_a, CBLAS_TRANSPOSE transposes_b, blasint m,
                            blasint n, blasint k, float alpha, const float *a, blasint lda, const float *b, blasint ldb,
                            float beta, float *c, blasint ldc);

/// `C = alpha·A·Aᵀ + beta·C` or `alpha·Aᵀ·A + beta·C`, one triangle of it, with the arguments of `cblas_ssyrk`.
void impasto_openblas_ssyrk(CBLAS_ORDER order, CBLAS_UPLO triangle, CBLAS_TRANSPOSE transposes, blasint n, blasint k,
                            float alpha, const float *a, blasint lda, float beta, float *c, blasint ldc);

#endif
