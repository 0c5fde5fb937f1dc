// SPDX-License-Identifier: GPL-3.0-or-later
// What RSA-2048 does: Montgomery products of 32 64-bit words (CIOS: C. K. Koc, T. Acar and B. S. Kaliski, "Analyzing and
// Comparing Montgomery Multiplication Algorithms", 1996), in chains of 64x64 to 128-bit multiplications and add with carry.
#include <string.h>
#include "workload.h"

enum { WORDS = 32 };
typedef unsigned __int128 wide;

static uint64_t modulus[WORDS], inverse;

static void montgomery(uint64_t *result, const uint64_t *x, const uint64_t *y) {
  uint64_t t[WORDS + 2] = {0};
  for (int i = 0; i < WORDS; i++) {
    uint64_t carry = 0;
    for (int j = 0; j < WORDS; j++) {
      wide sum = (wide)x[j] * y[i] + t[j] + carry;
      t[j] = (uint64_t)sum;
      carry = (uint64_t)(sum >> 64);
    }
    wide top = (wide)t[WORDS] + carry;
    t[WORDS] = (uint64_t)top;
    t[WORDS + 1] = (uint64_t)(top >> 64);
    uint64_t m = t[0] * inverse;
    carry = (uint64_t)(((wide)m * modulus[0] + t[0]) >> 64);
    for (int j = 1; j < WORDS; j++) {
      wide sum = (wide)m * modulus[j] + t[j] + carry;
      t[j - 1] = (uint64_t)sum;
      carry = (uint64_t)(sum >> 64);
    }
    top = (wide)t[WORDS] + carry;
    t[WORDS - 1] = (uint64_t)top;
    t[WORDS] = t[WORDS + 1] + (uint64_t)(top >> 64);
  }
  uint64_t reduced[WORDS], borrow = 0;
  for (int j = 0; j < WORDS; j++) {
    wide difference = (wide)t[j] - modulus[j] - borrow;
    reduced[j] = (uint64_t)difference;
    borrow = (uint64_t)(difference >> 64) & 1;
  }
  memcpy(result, t[WORDS] || !borrow ? reduced : t, sizeof reduced);
}

// `amount` times 64 squarings and products.
uint64_t multi_word(long amount) {
  uint64_t random = 521288629, base[WORDS], power[WORDS], sum = 0;
  for (int i = 0; i < WORDS; i++) {
    modulus[i] = next_random(&random);
    base[i] = next_random(&random);
  }
  modulus[0] |= 1;
  modulus[WORDS - 1] |= 1ULL << 63;
  base[WORDS - 1] >>= 1;
  // -1/modulus modulo 2^64: Newton doubles the right bits, from 3.
  inverse = modulus[0];
  for (int i = 0; i < 5; i++) {
    inverse *= 2 - modulus[0] * inverse;
  }
  inverse = -inverse;
  memcpy(power, base, sizeof power);
  for (long round = 0; round < amount; round++) {
    for (int bit = 0; bit < 64; bit++) {
      montgomery(power, power, power);
      if (modulus[round % WORDS] >> bit & 1) {
        montgomery(power, power, base);
      }
    }
    sum = mix(sum, power[round % WORDS]);
  }
  for (int i = 0; i < WORDS; i++) {
    sum = mix(sum, power[i]);
  }
  return sum;
}
