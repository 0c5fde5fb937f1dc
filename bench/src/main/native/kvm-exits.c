// SPDX-License-Identifier: GPL-3.0-or-later
// The peer of "bench/run kvm": a guest that does nothing but one thing, and the shortest loop in C that lets it. Prints the processor
// time, in nanoseconds, of one round. The program of the guest, hexadecimal, is the caller's: it starts at 0000:0600 and leaves by a
// port, by memory at 0x8000, or takes interrupt 0x20 each time it has left by a port; the handler at 0000:0700 leaves by another.
// usage: kvm-exits port|memory|interrupt PROGRAM COUNT
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>

#define REQUIRE(expression) do { if ((expression) < 0) { perror(#expression); exit(1); } } while (0)

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

static char *page(int vm, int slot, unsigned long physical) {
  char *host = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  struct kvm_userspace_memory_region region = {
      .slot = slot, .guest_phys_addr = physical, .memory_size = 4096, .userspace_addr = (unsigned long)host};
  REQUIRE(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region));
  return host;
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  int interrupts = !strcmp(argv[1], "interrupt");
  unsigned reason = strcmp(argv[1], "memory") ? KVM_EXIT_IO : KVM_EXIT_MMIO;
  long count = atol(argv[3]);
  int kvm, vm, vcpu, size;
  REQUIRE(kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC));
  REQUIRE(vm = ioctl(kvm, KVM_CREATE_VM, 0));
  REQUIRE(ioctl(vm, KVM_SET_TSS_ADDR, 0xfffbd000));
  char *low = page(vm, 0, 0);
  for (int i = 0; argv[2][2 * i]; i++) {
    unsigned byte;
    sscanf(argv[2] + 2 * i, "%2x", &byte);
    low[0x600 + i] = byte;
  }
  memcpy(low + 0x700, "\xe6\x81\xcf", 3);
  memcpy(low + 4 * 0x20, "\x00\x07\x00\x00", 4);
  memcpy(page(vm, 1, 0xfffff000) + 0xff0, "\xea\x00\x06\x00\x00", 5);
  REQUIRE(vcpu = ioctl(vm, KVM_CREATE_VCPU, 0));
  REQUIRE(size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0));
  struct kvm_run *run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
  double start = 0;
  for (long i = -count / 10; i < count;) {
    REQUIRE(ioctl(vcpu, KVM_RUN, 0));
    if (run->exit_reason == reason) {
      if (!interrupts || run->io.port == 0x81) {
        if (i++ == 0) start = now();
      } else if (run->ready_for_interrupt_injection) {
        struct kvm_interrupt interrupt = {.irq = 0x20};
        REQUIRE(ioctl(vcpu, KVM_INTERRUPT, &interrupt));
      }
    } else {
      fprintf(stderr, "exit %d\n", run->exit_reason);
      return 1;
    }
  }
  printf("%.1f\n", (now() - start) / count);
  return 0;
}
