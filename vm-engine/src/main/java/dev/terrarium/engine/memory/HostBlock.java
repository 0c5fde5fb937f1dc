// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.memory;

import dev.terrarium.engine.posix.Posix;

/**
 * A page-aligned block of host memory, zero until touched, that the guest sees as RAM, ROM or video memory. The host
 * gives it pages only as they are first written. Close it only when no processor or device can reach it any more.
 */
public final class HostBlock implements AutoCloseable {
    private final long address;
    private final long size;
    private boolean closed;

    private HostBlock(long address, long size) {
        this.address = address;
        this.size = size;
    }

    /**
     * Reserves {@code size} bytes, rounded up to whole pages.
     *
     * @throws java.io.IOException if the host refuses that much
     */
    public static HostBlock allocate(long size) throws java.io.IOException {
        long rounded = (size + 4095) & ~4095L;
        return new HostBlock(Posix.mapAnonymous(rounded), rounded);
    }

    public long address() {
        return address;
    }

    /** In bytes. */
    public long size() {
        return size;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            Posix.unmap(address, size);
        }
    }
}
