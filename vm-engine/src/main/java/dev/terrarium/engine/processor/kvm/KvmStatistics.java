// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.kvm;

import dev.terrarium.engine.posix.DeviceCall;
import dev.terrarium.engine.posix.Posix;
import dev.terrarium.engine.posix.PosixException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/** How many instructions the kernel emulated for a vCPU (KVM_GET_STATS_FD, since Linux 5.14); 0 where it does not say. */
final class KvmStatistics implements AutoCloseable {
    private static final long KVM_GET_STATS_FD = 0xAECE;
    private static final String COUNTER = "insn_emulation";
    private static final int HEADER_BYTES = 24;
    private static final int DESCRIPTOR_BYTES = 16;
    private static final int NOT_THERE = -1;

    private final int descriptor;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment value = arena.allocate(8, 8);
    private final long offset;

    KvmStatistics(DeviceCall vcpu) throws PosixException {
        descriptor = vcpu.attempt(KVM_GET_STATS_FD, 0);
        offset = descriptor < 0 ? NOT_THERE : find();
    }

    /** Where in the file the counter is. */
    private long find() throws PosixException {
        try (Arena local = Arena.ofConfined()) {
            MemorySegment header = local.allocate(HEADER_BYTES, 8);
            Posix.read(descriptor, header, 0);
            int nameBytes = header.get(ValueLayout.JAVA_INT, 4);
            int count = header.get(ValueLayout.JAVA_INT, 8);
            long descriptors = header.get(ValueLayout.JAVA_INT, 16);
            long data = header.get(ValueLayout.JAVA_INT, 20);
            MemorySegment each = local.allocate(DESCRIPTOR_BYTES + nameBytes + 1L, 8);
            for (int n = 0; n < count; n++) {
                MemorySegment part = each.asSlice(0, DESCRIPTOR_BYTES + nameBytes);
                Posix.read(descriptor, part, descriptors + n * part.byteSize());
                if (each.getString(DESCRIPTOR_BYTES, StandardCharsets.US_ASCII).equals(COUNTER)) {
                    return data + each.get(ValueLayout.JAVA_INT, 8);
                }
            }
            return NOT_THERE;
        }
    }

    long emulatedInstructions() {
        if (offset == NOT_THERE) {
            return 0;
        }
        try {
            Posix.read(descriptor, value, offset);
            return value.get(ValueLayout.JAVA_LONG, 0);
        } catch (PosixException e) {
            throw new java.io.UncheckedIOException("KVM's own statistics cannot be read", e);
        }
    }

    @Override
    public void close() {
        if (descriptor >= 0) {
            Posix.close(descriptor);
        }
        arena.close();
    }
}
