// SPDX-License-Identifier: GPL-3.0-or-later
// Small-integer work of embedded programs in the proportions of such benchmarks: a linked list (search, reverse, merge
// sort), a 16-bit matrix, a state machine over text, and a CRC over what they found.
#include <stddef.h>
#include <string.h>
#include "workload.h"

enum { NODES = 512, SIDE = 24, TEXT = 1024 };

struct node {
  struct node *next;
  int16_t key, index;
};

static struct node nodes[NODES];
static int16_t left[SIDE][SIDE], right[SIDE][SIDE];
static int32_t product[SIDE][SIDE];
static char text[TEXT + 1];

// CRC-16/ARC, a bit at a time.
static uint16_t crc16(uint16_t crc, uint16_t word) {
  for (int bit = 0; bit < 16; bit++) {
    int carry = (crc ^ word) & 1;
    crc >>= 1;
    word >>= 1;
    if (carry) {
      crc ^= 0xA001;
    }
  }
  return crc;
}

static int by_key(const struct node *a, const struct node *b) { return a->key - b->key; }
static int by_index(const struct node *a, const struct node *b) { return a->index - b->index; }

static struct node *merge_sort(struct node *list, int (*compare)(const struct node *, const struct node *)) {
  if (!list || !list->next) {
    return list;
  }
  struct node *slow = list, *fast = list->next;
  while (fast && fast->next) {
    slow = slow->next;
    fast = fast->next->next;
  }
  struct node *second = slow->next;
  slow->next = NULL;
  struct node *a = merge_sort(list, compare), *b = merge_sort(second, compare);
  struct node head, *tail = &head;
  while (a && b) {
    struct node **least = compare(a, b) <= 0 ? &a : &b;
    tail->next = *least;
    tail = *least;
    *least = (*least)->next;
  }
  tail->next = a ? a : b;
  return head.next;
}

static struct node *reverse(struct node *list) {
  struct node *done = NULL;
  while (list) {
    struct node *next = list->next;
    list->next = done;
    done = list;
    list = next;
  }
  return done;
}

static uint16_t list_work(struct node **list, int round, uint16_t crc) {
  for (int wanted = 0; wanted < 16; wanted++) {
    int16_t key = (int16_t)((wanted * 37 + round) & 0x3FF);
    struct node *found = *list;
    int steps = 0;
    while (found && found->key != key) {
      found = found->next;
      steps++;
    }
    crc = crc16(crc, (uint16_t)(found ? found->index : steps));
    *list = reverse(*list);
  }
  *list = merge_sort(*list, by_key);
  crc = crc16(crc, (uint16_t)(*list)->index);
  *list = merge_sort(*list, by_index);
  return crc16(crc, (uint16_t)(*list)->key);
}

static uint16_t matrix_work(int round, uint16_t crc) {
  for (int i = 0; i < SIDE; i++) {
    for (int j = 0; j < SIDE; j++) {
      left[i][j] = (int16_t)(left[i][j] + round);
      int32_t sum = 0;
      for (int k = 0; k < SIDE; k++) {
        sum += left[i][k] * right[k][j];
      }
      product[i][j] = sum;
    }
  }
  int32_t trace = 0;
  for (int i = 0; i < SIDE; i++) {
    for (int j = 0; j < SIDE; j++) {
      trace += (product[i][j] >> 3) & 0x7F;
      if (product[i][j] > trace) {
        trace -= 10;
      }
    }
  }
  return crc16(crc, (uint16_t)trace);
}

enum state { START, SIGN, INTEGER, FRACTION, EXPONENT, EXPONENT_SIGN, EXPONENT_DIGITS, WRONG, STATES };

// Reads numbers separated by commas and counts in which state each ended.
static uint16_t state_machine(uint16_t crc) {
  unsigned ends[STATES] = {0}, visits[STATES] = {0};
  enum state state = START;
  for (const char *c = text; *c; c++) {
    int digit = *c >= '0' && *c <= '9';
    if (*c == ',') {
      ends[state]++;
      state = START;
      continue;
    }
    switch (state) {
      case START:
        state = digit ? INTEGER : *c == '+' || *c == '-' ? SIGN : *c == '.' ? FRACTION : WRONG;
        break;
      case SIGN:
        state = digit ? INTEGER : *c == '.' ? FRACTION : WRONG;
        break;
      case INTEGER:
        state = digit ? INTEGER : *c == '.' ? FRACTION : *c == 'e' ? EXPONENT : WRONG;
        break;
      case FRACTION:
        state = digit ? FRACTION : *c == 'e' ? EXPONENT : WRONG;
        break;
      case EXPONENT:
        state = digit ? EXPONENT_DIGITS : *c == '+' || *c == '-' ? EXPONENT_SIGN : WRONG;
        break;
      case EXPONENT_SIGN:
      case EXPONENT_DIGITS:
        state = digit ? EXPONENT_DIGITS : WRONG;
        break;
      default:
        break;
    }
    visits[state]++;
  }
  for (int i = 0; i < STATES; i++) {
    crc = crc16(crc16(crc, (uint16_t)ends[i]), (uint16_t)visits[i]);
  }
  return crc;
}

// `amount` rounds of all four.
uint64_t core_mark_like(long amount) {
  static const char *const numbers[] = {"5012", "-3.14159", "+1.5e10", ".0005e-7", "12x4", "e9", "777.", "-.5"};
  uint64_t random = 88172645463325252ULL;
  struct node *list = NULL;
  for (int i = 0; i < NODES; i++) {
    nodes[i] = (struct node){list, (int16_t)(next_random(&random) & 0x3FF), (int16_t)i};
    list = &nodes[i];
  }
  for (int i = 0; i < SIDE * SIDE; i++) {
    left[i / SIDE][i % SIDE] = (int16_t)next_random(&random);
    right[i / SIDE][i % SIDE] = (int16_t)(next_random(&random) & 0xFF);
  }
  for (size_t used = 0;;) {
    const char *number = numbers[next_random(&random) >> 61];
    size_t length = strlen(number);
    if (used + length + 1 > TEXT) {
      break;
    }
    memcpy(text + used, number, length);
    text[used + length] = ',';
    used += length + 1;
  }
  uint16_t crc = 0xFFFF;
  uint64_t sum = 0;
  for (long round = 0; round < amount; round++) {
    crc = list_work(&list, (int)(round & 0x3FF), crc);
    crc = matrix_work((int)(round & 0x7), crc);
    size_t changed = (size_t)(round % (TEXT / 2));
    char saved = text[changed];
    text[changed] = (char)('0' + round % 10);
    crc = state_machine(crc);
    text[changed] = saved;
    sum = mix(sum, crc);
  }
  return sum;
}
