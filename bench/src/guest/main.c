// SPDX-License-Identifier: GPL-3.0-or-later
// The guest's side of bench/run suite: `workload NAME AMOUNT` does the work and prints its checksum.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "workload.h"

static const struct {
  const char *name;
  uint64_t (*run)(long amount);
} workloads[] = {
    {"core", core_mark_like},    {"float", floating_point},   {"multi-word", multi_word},
    {"chase", pointer_chase},    {"bytecode", bytecode},      {"memcpy", memory_copy},
    {"fork-exec", fork_exec},    {"system-call", system_call}, {"pipe", pipe_ping_pong},
};

void fail(const char *what) {
  perror(what);
  exit(1);
}

int main(int count, char **arguments) {
  if (count == 2 && strcmp(arguments[1], "nothing") == 0) {
    return 0;
  }
  long amount = count == 3 ? strtol(arguments[2], NULL, 10) : 0;
  if (amount <= 0) {
    fprintf(stderr, "usage: workload NAME AMOUNT | workload nothing\n");
    return 2;
  }
  if (strcmp(arguments[1], "text") == 0) {
    write_text(amount);
    return 0;
  }
  for (size_t i = 0; i < sizeof workloads / sizeof *workloads; i++) {
    if (strcmp(workloads[i].name, arguments[1]) == 0) {
      printf("%016llx\n", (unsigned long long)workloads[i].run(amount));
      return 0;
    }
  }
  fprintf(stderr, "workload: there is no \"%s\"\n", arguments[1]);
  return 2;
}
