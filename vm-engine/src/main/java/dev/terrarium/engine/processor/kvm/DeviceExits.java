// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.kvm;

import dev.terrarium.engine.device.RegisterWindow;
import dev.terrarium.engine.memory.MemoryMap;
import dev.terrarium.engine.processor.LocalInterruptController;
import dev.terrarium.engine.processor.Ports;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Answers a vCPU's accesses to ports and to memory that is no RAM. What the kernel says of an access comes from the guest:
 * sizes and counts are the kernel's to bound, addresses are anybody's.
 */
final class DeviceExits {
    private static final long APIC_ENABLED = 1 << 11;
    private static final long APIC_PAGE = 0xF_FFFF_F000L;

    private final KvmRun shared;
    private final MemoryMap memory;
    private final Ports ports;
    private final LocalInterruptController controller;
    private final ReentrantLock boardLock;

    DeviceExits(
            KvmRun shared,
            MemoryMap memory,
            Ports ports,
            LocalInterruptController controller,
            ReentrantLock boardLock) {
        this.shared = shared;
        this.memory = memory;
        this.ports = ports;
        this.controller = controller;
        this.boardLock = boardLock;
    }

    /** KVM_EXIT_IO. */
    void port() {
        int port = shared.port();
        int size = shared.portSize();
        int count = shared.portCount();
        if (shared.portWrite()) {
            for (int i = 0; i < count; i++) {
                ports.out(port, size, shared.portData(i));
            }
        } else {
            for (int i = 0; i < count; i++) {
                shared.setPortData(i, ports.in(port, size));
            }
        }
    }

    /** KVM_EXIT_MMIO. */
    void memory() {
        long address = shared.memoryAddress() & Long.MAX_VALUE;
        int length = shared.memoryLength();
        boolean whole = Integer.bitCount(length) == 1;
        if (shared.memoryWrite()) {
            long data = shared.memoryData();
            if (whole) {
                write(address, length, data);
            } else {
                for (int i = 0; i < length; i++) {
                    write(address + i, 1, data >>> 8 * i);
                }
            }
        } else {
            long data = 0;
            if (whole) {
                data = read(address, length);
            } else {
                for (int i = 0; i < length; i++) {
                    data |= (read(address + i, 1) & 0xFF) << 8 * i;
                }
            }
            shared.setMemoryData(data);
        }
    }

    private boolean isApicPage(long address) {
        long base = controller.baseAddress();
        return (base & APIC_ENABLED) != 0 && (address & ~0xFFFL) == (base & APIC_PAGE);
    }

    private long read(long address, int length) {
        if (!isApicPage(address)) {
            return memory.read(address, length);
        }
        boardLock.lock();
        try {
            RegisterWindow registers = controller.registers();
            return registers.read(address & 0xFFF, length);
        } finally {
            boardLock.unlock();
        }
    }

    private void write(long address, int length, long value) {
        if (!isApicPage(address)) {
            memory.write(address, length, value);
            return;
        }
        boardLock.lock();
        try {
            controller.registers().write(address & 0xFFF, length, length == 8 ? value : value & (1L << 8 * length) - 1);
        } finally {
            boardLock.unlock();
        }
    }
}
