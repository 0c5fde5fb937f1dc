// SPDX-License-Identifier: GPL-3.0-or-later
// Follows pointers around one random cycle of 64-byte nodes through 8 MiB: 2,048 pages, more than a TLB's first level.
#include <stdlib.h>
#include "workload.h"

enum { NODES = 8 * 1024 * 1024 / 64 };

struct node {
  struct node *next;
  uint64_t value[7];
};

// `amount` times a million hops.
uint64_t pointer_chase(long amount) {
  struct node *nodes = aligned_alloc(64, NODES * sizeof *nodes);
  uint32_t *order = malloc(NODES * sizeof *order);
  if (!nodes || !order) {
    fail("memory");
  }
  uint64_t random = 88675123, sum = 0;
  for (uint32_t i = 0; i < NODES; i++) {
    order[i] = i;
  }
  for (uint32_t i = NODES - 1; i > 0; i--) {
    uint32_t other = (uint32_t)(next_random(&random) % i);
    uint32_t kept = order[i];
    order[i] = order[other];
    order[other] = kept;
  }
  for (uint32_t i = 0; i < NODES; i++) {
    nodes[order[i]].next = &nodes[order[(i + 1) % NODES]];
    nodes[i].value[0] = next_random(&random);
  }
  const struct node *at = nodes;
  for (long round = 0; round < amount; round++) {
    for (int hop = 0; hop < 1000000; hop++) {
      at = at->next;
    }
    sum = mix(sum, at->value[0]);
  }
  free(order);
  free(nodes);
  return sum;
}
