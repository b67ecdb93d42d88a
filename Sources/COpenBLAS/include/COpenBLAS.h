// OpenBLAS's C interface and the choice of its kernels.
#ifndef COPENBLAS_H
#define COPENBLAS_H

#include <cblas.h>

/// Sets OpenBLAS to one thread (our own threads split the work) and, where the library does not know the processor and
/// has fallen back to its SSE kernels, selects the widest kernels whose instruction sets the processor has.
/// Call it once, before the first product and while no other thread uses OpenBLAS. An OPENBLAS_CORETYPE in the
/// environment is left as it is.
void impasto_openblas_configure(void);

#endif
