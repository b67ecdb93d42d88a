// The instructions of AVX512_BF16, which Swift cannot express. A bfloat16 is the upper half of a float. Two of them
// share a word: the first in its lower half, the second in its upper half.
//
// The functions are inlined into code that is compiled for the instructions. Other builds get loops with the same
// results, except for the bits of NaN.
#ifndef CBFLOAT16_H
#define CBFLOAT16_H

#if defined(__AVX512BF16__) && defined(__AVX512VL__)
#include <immintrin.h>
#define IMPASTO_HAS_BFLOAT16_INSTRUCTIONS 1
#endif

typedef float impasto_floats8 __attribute__((ext_vector_type(8)));
typedef float impasto_floats16 __attribute__((ext_vector_type(16)));
typedef unsigned int impasto_words4 __attribute__((ext_vector_type(4)));
typedef unsigned int impasto_words8 __attribute__((ext_vector_type(8)));
typedef unsigned int impasto_words16 __attribute__((ext_vector_type(16)));

#define IMPASTO_INLINE static inline __attribute__((always_inline))

// MARK: One lane, for builds without the instructions

/// Returns `value`, or a zero of its sign if it is denormal.
IMPASTO_INLINE float impasto_bfloat16_flushed(float value) {
  return __builtin_fabsf(value) < 0x1p-126f ? __builtin_copysignf(0, value) : value;
}

/// Returns `a·b + sum` with one rounding, and with denormals flushed to zero. The product of two bfloat16 has 16 bits,
/// so that it is exact as a double.
IMPASTO_INLINE float impasto_bfloat16_add_product(float sum, float a, float b) {
  sum = impasto_bfloat16_flushed(sum);
  a = impasto_bfloat16_flushed(a);
  b = impasto_bfloat16_flushed(b);
  float result = __builtin_fmaf(a, b, sum);
  if (__builtin_fabsf(result) != 0x1p-126f) return impasto_bfloat16_flushed(result);
  // A result that only the spacing of denormals rounds up to the least normal number counts as denormal.
  float scaled = __builtin_fabsf(a) < __builtin_fabsf(b) ? __builtin_fmaf(a * 0x1p64f, b, sum * 0x1p64f)
                                                        : __builtin_fmaf(a, b * 0x1p64f, sum * 0x1p64f);
  return __builtin_fabsf(scaled) < 0x1p-62f ? __builtin_copysignf(0, result) : result;
}

/// Returns the float whose bits are `word`.
IMPASTO_INLINE float impasto_bfloat16_float(unsigned int word) {
  float value;
  __builtin_memcpy(&value, &word, sizeof value);
  return value;
}

/// Returns `sum` with the two products of a word added.
IMPASTO_INLINE float impasto_bfloat16_add_products(float sum, unsigned int a, unsigned int b) {
  sum = impasto_bfloat16_add_product(
      sum, impasto_bfloat16_float(a & 0xffff0000), impasto_bfloat16_float(b & 0xffff0000));
  return impasto_bfloat16_add_product(sum, impasto_bfloat16_float(a << 16), impasto_bfloat16_float(b << 16));
}

/// Returns the bits of the bfloat16 nearest to `value`, ties to even; zero for denormals.
IMPASTO_INLINE unsigned int impasto_bfloat16_rounded(float value) {
  unsigned int bits;
  __builtin_memcpy(&bits, &value, sizeof bits);
  if ((bits & 0x7f800000) == 0) return (bits & 0x80000000) >> 16;
  if ((bits & 0x7fffffff) > 0x7f800000) return bits >> 16 | 0x40;
  return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

// MARK: Vectors

/// Returns `sum[i] + a[2i + 1]·b[2i + 1] + a[2i]·b[2i]`, in this order, with a rounding to nearest even after each
/// product and with denormals read and written as zeros. Sums are floats, factors bfloat16.
IMPASTO_INLINE impasto_floats16 impasto_bfloat16_dot16(impasto_floats16 sum, impasto_words16 a, impasto_words16 b) {
#if IMPASTO_HAS_BFLOAT16_INSTRUCTIONS
  return (impasto_floats16)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
#else
  for (int lane = 0; lane < 16; lane++) sum[lane] = impasto_bfloat16_add_products(sum[lane], a[lane], b[lane]);
  return sum;
#endif
}

/// The same for eight sums.
IMPASTO_INLINE impasto_floats8 impasto_bfloat16_dot8(impasto_floats8 sum, impasto_words8 a, impasto_words8 b) {
#if IMPASTO_HAS_BFLOAT16_INSTRUCTIONS
  return (impasto_floats8)_mm256_dpbf16_ps((__m256)sum, (__m256bh)a, (__m256bh)b);
#else
  for (int lane = 0; lane < 8; lane++) sum[lane] = impasto_bfloat16_add_products(sum[lane], a[lane], b[lane]);
  return sum;
#endif
}

/// Returns 16 values as bfloat16, rounded to nearest even, with denormals as zeros.
IMPASTO_INLINE impasto_words8 impasto_bfloat16_round16(impasto_floats16 values) {
#if IMPASTO_HAS_BFLOAT16_INSTRUCTIONS
  return (impasto_words8)_mm512_cvtneps_pbh((__m512)values);
#else
  impasto_words8 words;
  for (int lane = 0; lane < 8; lane++)
    words[lane] = impasto_bfloat16_rounded(values[2 * lane]) | impasto_bfloat16_rounded(values[2 * lane + 1]) << 16;
  return words;
#endif
}

/// The same for eight values.
IMPASTO_INLINE impasto_words4 impasto_bfloat16_round8(impasto_floats8 values) {
#if IMPASTO_HAS_BFLOAT16_INSTRUCTIONS
  return (impasto_words4)_mm256_cvtneps_pbh((__m256)values);
#else
  impasto_words4 words;
  for (int lane = 0; lane < 4; lane++)
    words[lane] = impasto_bfloat16_rounded(values[2 * lane]) | impasto_bfloat16_rounded(values[2 * lane + 1]) << 16;
  return words;
#endif
}

#undef IMPASTO_INLINE

#endif
