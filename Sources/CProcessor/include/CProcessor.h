// The instruction sets that the processor and the operating system support.
#ifndef CPROCESSOR_H
#define CPROCESSOR_H

/// Returns 1 if the processor supports every instruction set that this build uses, otherwise 0.
int impasto_processor_is_supported(void);

/// Returns 1 if the processor and the operating system support AVX-512F and this build uses it, otherwise 0.
int impasto_processor_has_avx512(void);

/// Returns 1 if the processor and the operating system support AVX512_BF16 and this build uses it, otherwise 0.
int impasto_processor_has_bfloat16(void);

#endif
