// OpenBLAS's C interface, and the selection of its kernels.
#ifndef COPENBLAS_H
#define COPENBLAS_H

#include <cblas.h>

/// Sets OpenBLAS to one thread, because Impasto's own threads split the work. If the library does not recognise the
/// processor and has fallen back to its SSE kernels, selects the widest kernels that the processor supports.
///
/// Call it once, before the first product and while no other thread uses OpenBLAS. Respects OPENBLAS_CORETYPE in the
/// environment.
void impasto_openblas_configure(void);

#endif
