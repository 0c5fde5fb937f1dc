// SPDX-License-Identifier: GPL-3.0-or-later
// What every workload of the suite shares. A workload does `amount` units of work and returns a checksum that depends
// on all of it, so that a wrong instruction anywhere shows.
#pragma once
#include <stdint.h>

uint64_t core_mark_like(long amount);
uint64_t floating_point(long amount);
uint64_t multi_word(long amount);
uint64_t pointer_chase(long amount);
uint64_t bytecode(long amount);
uint64_t memory_copy(long amount);
uint64_t fork_exec(long amount);
uint64_t system_call(long amount);
uint64_t pipe_ping_pong(long amount);
void write_text(long mebibytes);

// xorshift64* (Marsaglia 2003, Vigna 2016): the same numbers on every engine. A state is never 0.
static inline uint64_t next_random(uint64_t *state) {
  uint64_t x = *state;
  x ^= x >> 12;
  x ^= x << 25;
  x ^= x >> 27;
  *state = x;
  return x * 0x2545F4914F6CDD1DULL;
}

// One step of FNV-1a over 64-bit words.
static inline uint64_t mix(uint64_t sum, uint64_t word) {
  return (sum ^ word) * 0x100000001B3ULL;
}

// Ends the program with a message on standard error.
void fail(const char *what) __attribute__((noreturn));
