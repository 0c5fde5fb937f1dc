// SPDX-License-Identifier: GPL-3.0-or-later
// The C library's memcpy between two buffers of 64 MiB, larger than any cache.
#include <stdlib.h>
#include <string.h>
#include "workload.h"

enum { BYTES = 64 * 1024 * 1024 };

// `amount` times 1 GiB.
uint64_t memory_copy(long amount) {
  unsigned char *buffers[2] = {malloc(BYTES), malloc(BYTES)};
  if (!buffers[0] || !buffers[1]) {
    fail("memory");
  }
  uint64_t random = 5783321, sum = 0;
  for (size_t i = 0; i < BYTES; i += 512) {
    memset(buffers[0] + i, (int)next_random(&random), 512);
  }
  memset(buffers[1], 0, BYTES);
  for (long round = 0; round < amount * 16; round++) {
    unsigned char *from = buffers[round & 1], *to = buffers[~round & 1];
    size_t shift = (size_t)(round % 8);
    from[next_random(&random) % BYTES] = (unsigned char)round;
    memcpy(to + shift, from, BYTES - 8);
    sum = mix(sum, to[next_random(&random) % BYTES]);
  }
  for (size_t i = 0; i < BYTES; i += 4096) {
    sum = mix(sum, buffers[0][i + i / 4096 % 4096]);
  }
  free(buffers[0]);
  free(buffers[1]);
  return sum;
}
