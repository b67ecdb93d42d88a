#include "COpenBLAS.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// The functions of the library, with the types of its header.
static struct {
  __typeof__(&cblas_sgemm) sgemm;
  __typeof__(&cblas_ssyrk) ssyrk;
} products;

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

static void *loaded_function(void *library, const char *name) {
  void *function = dlsym(library, name);
  if (function) return function;
  fprintf(stderr, "impasto: libopenblas.so.0 has no function '%s'\n", name);
  _exit(127);
}

void impasto_openblas_configure(void) {
  void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    fprintf(stderr, "impasto: OpenBLAS is missing, which training needs: %s\n", dlerror());
    _exit(127);
  }
  products.sgemm = (__typeof__(&cblas_sgemm))loaded_function(library, "cblas_sgemm");
  products.ssyrk = (__typeof__(&cblas_ssyrk))loaded_function(library, "cblas_ssyrk");
  ((__typeof__(&openblas_set_num_threads))loaded_function(library, "openblas_set_num_threads"))(1);
  // Present in builds for several processors (DYNAMIC_ARCH), such as Debian's.
  void (*dynamic_init)(void) = (void (*)(void))dlsym(library, "gotoblas_dynamic_init");
  void (*dynamic_quit)(void) = (void (*)(void))dlsym(library, "gotoblas_dynamic_quit");
  if (!dynamic_init || !dynamic_quit || getenv("OPENBLAS_CORETYPE")) return;
  // An OpenBLAS that is older than the processor takes it for the most basic 64-bit core, which runs at a quarter of
  // the speed or less.
  const char *name = ((__typeof__(&openblas_get_corename))loaded_function(library, "openblas_get_corename"))();
  const char *widest = widest_core();
  if (!widest || !name || strcmp(name, "Prescott") != 0) return;
  dynamic_quit();
  setenv("OPENBLAS_CORETYPE", widest, 1);
  dynamic_init();
  unsetenv("OPENBLAS_CORETYPE");
}

void impasto_openblas_sgemm(CBLAS_ORDER order, CBLAS_TRANSPOSE transposes_a, CBLAS_TRANSPOSE transposes_b, blasint m,
                            blasint n, blasint k, float alpha, const float *a, blasint lda, const float *b, blasint ldb,
                            float beta, float *c, blasint ldc) {
  products.sgemm(order, transposes_a, transposes_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

void impasto_openblas_ssyrk(CBLAS_ORDER order, CBLAS_UPLO triangle, CBLAS_TRANSPOSE transposes, blasint n, blasint k,
                            float alpha, const float *a, blasint lda, float beta, float *c, blasint ldc) {
  products.ssyrk(order, triangle, transposes, n, k, alpha, a, lda, beta, c, ldc);
}
