// SPDX-License-Identifier: GPL-3.0-or-later
// What goes through the kernel: processes, the shortest system call, and switching between two processes.
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "workload.h"

// `amount` children that run another program (this one, doing nothing) and end.
uint64_t fork_exec(long amount) {
  uint64_t done = 0;
  for (long i = 0; i < amount; i++) {
    pid_t child = fork();
    if (child < 0) {
      fail("fork");
    }
    if (child == 0) {
      execl("/proc/self/exe", "workload", "nothing", (char *)0);
      _exit(127);
    }
    int status;
    if (waitpid(child, &status, 0) != child) {
      fail("waitpid");
    }
    done += status == 0;
  }
  return done;
}

// `amount` times a thousand getpid calls.
uint64_t system_call(long amount) {
  long own = getpid();
  uint64_t right = 0;
  for (long i = 0; i < amount * 1000; i++) {
    right += syscall(SYS_getpid) == own;
  }
  return right;
}

// `amount` times a thousand bytes there and back between two processes.
uint64_t pipe_ping_pong(long amount) {
  int there[2], back[2];
  if (pipe(there) || pipe(back)) {
    fail("pipe");
  }
  pid_t child = fork();
  if (child < 0) {
    fail("fork");
  }
  unsigned char byte = 1;
  if (child == 0) {
    close(there[1]);
    while (read(there[0], &byte, 1) == 1) {
      byte = (unsigned char)(byte * 5 + 1);
      if (write(back[1], &byte, 1) != 1) {
        _exit(1);
      }
    }
    _exit(0);
  }
  uint64_t sum = 0;
  for (long i = 0; i < amount * 1000; i++) {
    if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1) {
      fail("ping-pong");
    }
    sum = mix(sum, byte);
  }
  close(there[1]);
  int status;
  if (waitpid(child, &status, 0) != child || status != 0) {
    fail("the other end");
  }
  close(there[0]);
  close(back[0]);
  close(back[1]);
  return sum;
}
