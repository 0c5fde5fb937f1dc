// SPDX-License-Identifier: GPL-3.0-or-later
// The peer of "bench/run kvm": a guest that does nothing but write to a port, and the shortest loop in C that lets it. Prints
// the processor time, in nanoseconds, of one round trip. usage: port-exits COUNT
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

int main(int argc, char **argv) {
  long count = argc > 1 ? atol(argv[1]) : 20000;
  int kvm, vm, vcpu, size;
  REQUIRE(kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC));
  REQUIRE(vm = ioctl(kvm, KVM_CREATE_VM, 0));
  REQUIRE(ioctl(vm, KVM_SET_TSS_ADDR, 0xfffbd000));
  // out 0x80, al; jmp to it: at the reset vector.
  char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memcpy(page + 0xff0, "\xe6\x80\xeb\xfc", 4);
  struct kvm_userspace_memory_region region = {
      .guest_phys_addr = 0xfffff000, .memory_size = 4096, .userspace_addr = (unsigned long)page};
  REQUIRE(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region));
  REQUIRE(vcpu = ioctl(vm, KVM_CREATE_VCPU, 0));
  REQUIRE(size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0));
  struct kvm_run *run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
  double start = 0;
  for (long i = -count / 10; i < count; i++) {
    if (i == 0) start = now();
    REQUIRE(ioctl(vcpu, KVM_RUN, 0));
    if (run->exit_reason != KVM_EXIT_IO) {
      fprintf(stderr, "exit %d\n", run->exit_reason);
      return 1;
    }
  }
  printf("%.1f\n", (now() - start) / count);
  return 0;
}
