// SPDX-License-Identifier: GPL-3.0-or-later
// A bytecode machine with threaded dispatch (each operation ends in an indirect jump of its own), as Python's or Lua's
// inner loop: the program it runs counts primes below 2,000 by trial division and follows Collatz sequences.
#include "workload.h"

enum { ADD, SUBTRACT, MULTIPLY, REMAINDER, SHIFT_RIGHT, AND, LOAD, MOVE, LESS, EQUAL, JUMP, JUMP_IF, STORE, FETCH, HALT };

struct operation {
  uint8_t code, to, left, right;
  int32_t value;
};

// r0 result, r1 candidate, r2 divisor, r3 limit, r4 scratch, r5 constant 1, r6 zero, r7 two, r8 three, r9 hash
static const struct operation program[] = {
    /* 0 */ {LOAD, 1, 0, 0, 2},
    /* 1 */ {LOAD, 2, 0, 0, 2},
    /* 2 */ {MULTIPLY, 4, 2, 2, 0},
    /* 3 */ {LESS, 4, 1, 4, 0},
    /* 4 */ {JUMP_IF, 0, 4, 0, 9},
    /* 5 */ {REMAINDER, 4, 1, 2, 0},
    /* 6 */ {EQUAL, 4, 4, 6, 0},
    /* 7 */ {JUMP_IF, 0, 4, 0, 12},
    /* 8 */ {JUMP, 0, 0, 0, 26},
    /* 9 */ {ADD, 0, 0, 5, 0},
    /* 10 */ {AND, 4, 1, 11, 0},
    /* 11 */ {STORE, 4, 0, 0, 0},
    /* 12 */ {MOVE, 10, 1, 0, 0},
    /* 13 */ {EQUAL, 4, 10, 5, 0},
    /* 14 */ {JUMP_IF, 0, 4, 0, 22},
    /* 15 */ {ADD, 9, 9, 10, 0},
    /* 16 */ {AND, 4, 10, 5, 0},
    /* 17 */ {JUMP_IF, 0, 4, 0, 20},
    /* 18 */ {SHIFT_RIGHT, 10, 10, 5, 0},
    /* 19 */ {JUMP, 0, 0, 0, 13},
    /* 20 */ {MULTIPLY, 10, 10, 8, 0},
    /* 21 */ {JUMP, 0, 0, 0, 28},
    /* 22 */ {FETCH, 4, 0, 0, 0},
    /* 23 */ {SUBTRACT, 9, 9, 4, 0},
    /* 24 */ {ADD, 1, 1, 5, 0},
    /* 25 */ {JUMP, 0, 0, 0, 30},
    /* 26 */ {ADD, 2, 2, 5, 0},
    /* 27 */ {JUMP, 0, 0, 0, 2},
    /* 28 */ {ADD, 10, 10, 5, 0},
    /* 29 */ {JUMP, 0, 0, 0, 13},
    /* 30 */ {LESS, 4, 1, 3, 0},
    /* 31 */ {JUMP_IF, 0, 4, 0, 1},
    /* 32 */ {HALT, 0, 0, 0, 0},
};

static int64_t registers[16], cells[64];

static int64_t run(void) {
  static const void *const labels[] = {&&add,  &&subtract, &&multiply, &&remainder, &&shift_right,
                                       &&and,  &&load,     &&move,     &&less,      &&equal,
                                       &&jump, &&jump_if,  &&store,    &&fetch,     &&halt};
  const struct operation *op = program;
  int64_t *r = registers;
#define NEXT goto *labels[op->code]
#define BINARY(name, expression)        \
  name: {                               \
    int64_t left = r[op->left], right = r[op->right]; \
    r[op->to] = (expression);           \
    op++;                               \
    NEXT;                               \
  }
  NEXT;
  BINARY(add, left + right)
  BINARY(subtract, left - right)
  BINARY(multiply, left * right)
  BINARY(remainder, left % right)
  BINARY(shift_right, left >> (right & 63))
  BINARY(and, left & right)
  BINARY(less, left < right)
  BINARY(equal, left == right)
load:
  r[op->to] = op->value;
  op++;
  NEXT;
move:
  r[op->to] = r[op->left];
  op++;
  NEXT;
jump:
  op = program + op->value;
  NEXT;
jump_if:
  op = r[op->left] ? program + op->value : op + 1;
  NEXT;
store:
  cells[r[op->to] & 63] = r[op->left];
  op++;
  NEXT;
fetch:
  r[op->to] = cells[r[op->left] & 63];
  op++;
  NEXT;
halt:
  return r[0];
}

// `amount` runs of the program.
uint64_t bytecode(long amount) {
  uint64_t sum = 0;
  for (long round = 0; round < amount; round++) {
    for (int i = 0; i < 16; i++) {
      registers[i] = 0;
    }
    registers[3] = 2000;
    registers[5] = 1;
    registers[7] = 2;
    registers[8] = 3;
    registers[11] = 63;
    registers[9] = round;
    sum = mix(mix(sum, (uint64_t)run()), (uint64_t)registers[9]);
  }
  return sum;
}
