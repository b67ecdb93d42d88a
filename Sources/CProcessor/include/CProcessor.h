// Which instruction sets the processor and the operating system offer.
#ifndef CPROCESSOR_H
#define CPROCESSOR_H

/// 1 where the processor has every instruction set that this build uses, else 0.
int impasto_processor_is_supported(void);

#endif
