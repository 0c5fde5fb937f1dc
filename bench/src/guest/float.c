// SPDX-License-Identifier: GPL-3.0-or-later
// SSE2 doubles: a five-body gravitation step (divide, square root, dependent adds) and a small matrix product (independent
// multiply-adds). Doubles are IEEE 754 everywhere, so the checksum is of all their bits.
#include <math.h>
#include <string.h>
#include "workload.h"

enum { BODIES = 5, SIDE = 32 };

struct body {
  double position[3], velocity[3], mass;
};

static struct body bodies[BODIES];
static double a[SIDE][SIDE], b[SIDE][SIDE], c[SIDE][SIDE];

static double unit(uint64_t *random) { return (double)(next_random(random) >> 11) * 0x1p-53; }

static void advance(double step) {
  for (int i = 0; i < BODIES; i++) {
    for (int j = i + 1; j < BODIES; j++) {
      double d[3], square = 1e-3;
      for (int k = 0; k < 3; k++) {
        d[k] = bodies[i].position[k] - bodies[j].position[k];
        square += d[k] * d[k];
      }
      double pull = step / (square * sqrt(square));
      for (int k = 0; k < 3; k++) {
        bodies[i].velocity[k] -= d[k] * bodies[j].mass * pull;
        bodies[j].velocity[k] += d[k] * bodies[i].mass * pull;
      }
    }
  }
  for (int i = 0; i < BODIES; i++) {
    for (int k = 0; k < 3; k++) {
      bodies[i].position[k] += step * bodies[i].velocity[k];
    }
  }
}

static void multiply(void) {
  for (int i = 0; i < SIDE; i++) {
    for (int j = 0; j < SIDE; j++) {
      double sum = 0;
      for (int k = 0; k < SIDE; k++) {
        sum += a[i][k] * b[k][j];
      }
      c[i][j] = sum;
    }
  }
}

static uint64_t bits(double value) {
  uint64_t result;
  memcpy(&result, &value, sizeof result);
  return result;
}

// `amount` rounds of 200 steps and one product.
uint64_t floating_point(long amount) {
  uint64_t random = 362436069, sum = 0;
  for (int i = 0; i < BODIES; i++) {
    for (int k = 0; k < 3; k++) {
      bodies[i].position[k] = 20 * unit(&random) - 10;
      bodies[i].velocity[k] = unit(&random) - 0.5;
    }
    bodies[i].mass = 1 + unit(&random);
  }
  for (int i = 0; i < SIDE * SIDE; i++) {
    a[i / SIDE][i % SIDE] = unit(&random) - 0.5;
    b[i / SIDE][i % SIDE] = unit(&random) - 0.5;
  }
  for (long round = 0; round < amount; round++) {
    for (int step = 0; step < 200; step++) {
      advance(0.001);
    }
    a[round % SIDE][round / SIDE % SIDE] = bodies[round % BODIES].position[0];
    multiply();
    sum = mix(sum, bits(c[round % SIDE][round / 7 % SIDE]));
  }
  for (int i = 0; i < BODIES; i++) {
    for (int k = 0; k < 3; k++) {
      sum = mix(mix(sum, bits(bodies[i].position[k])), bits(bodies[i].velocity[k]));
    }
  }
  return sum;
}
