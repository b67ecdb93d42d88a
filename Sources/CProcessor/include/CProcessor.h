// Which instruction sets the processor and the operating system offer.
#ifndef CPROCESSOR_H
#define CPROCESSOR_H

/// 1 where the processor has every instruction set that this build uses, else 0.
int impasto_processor_is_supported(void);

/// 1 where processor and operating system have AVX-512's foundation and this build makes use of it, else 0.
int impasto_processor_has_avx512(void);

#endif
