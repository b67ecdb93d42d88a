#include "CProcessor.h"

#include <unistd.h>

int impasto_processor_is_supported(void) {
#if defined(IMPASTO_PORTABLE) || !defined(__x86_64__)
  return 1;
#else
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
}

int impasto_processor_has_avx512(void) {
#if defined(IMPASTO_PORTABLE) || !defined(__x86_64__)
  return 0;
#else
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512f") != 0;
#endif
}

int impasto_processor_has_bfloat16(void) {
#if defined(IMPASTO_PORTABLE) || !defined(__x86_64__)
  return 0;
#else
  // The loops also use vectors of eight and what AVX512_BF16 implies.
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512bw");
#endif
}

// Runs before any Swift code, all of which is compiled for AVX2 and FMA. A check in `main` would come too late: the
// code before it may already contain an instruction that the processor does not support.
//
// A library defines the symbol and returns an error instead: the process is not ours to end.
extern const char impasto_reports_unsupported_processors __attribute__((weak));

__attribute__((constructor)) static void refuse_unsupported_processor(void) {
  if (&impasto_reports_unsupported_processors || impasto_processor_is_supported()) return;
  static const char message[] =
      "impasto: this processor lacks AVX2 or FMA, which this build requires; build with IMPASTO_PORTABLE=1 instead\n";
  if (write(STDERR_FILENO, message, sizeof message - 1) < 0) _exit(1);
  _exit(1);
}
