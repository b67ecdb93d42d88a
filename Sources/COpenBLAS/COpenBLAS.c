#include "COpenBLAS.h"

#include <stdlib.h>
#include <string.h>

// Present in builds for several processors (DYNAMIC_ARCH), such as Debian's; weak, so that other builds link too.
extern void gotoblas_dynamic_init(void) __attribute__((weak));
extern void gotoblas_dynamic_quit(void) __attribute__((weak));

static const char *widest_core(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl"))
    return "SkylakeX";
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "Haswell";
#endif
  return NULL;
}

void impasto_openblas_configure(void) {
  openblas_set_num_threads(1);
  if (!gotoblas_dynamic_init || !gotoblas_dynamic_quit || getenv("OPENBLAS_CORETYPE")) return;
  // An OpenBLAS that is older than the processor takes it for the most basic 64-bit core, which runs at a quarter of
  // the speed or less.
  const char *name = openblas_get_corename();
  const char *widest = widest_core();
  if (!widest || !name || strcmp(name, "Prescott") != 0) return;
  gotoblas_dynamic_quit();
  setenv("OPENBLAS_CORETYPE", widest, 1);
  gotoblas_dynamic_init();
  unsetenv("OPENBLAS_CORETYPE");
}
