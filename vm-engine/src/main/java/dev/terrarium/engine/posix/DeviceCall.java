// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.posix;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The ioctl calls of one descriptor that are made so often, or fail so regularly, that neither an exception nor an
 * allocation a call will do. For one thread at a time.
 */
public final class DeviceCall implements AutoCloseable {
    private final int descriptor;
    private final boolean owned;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment state = arena.allocate(Posix.CAPTURE);

    /** Takes a descriptor over. */
    public DeviceCall(int descriptor) {
        this(descriptor, true);
    }

    private DeviceCall(int descriptor, boolean owned) {
        this.descriptor = descriptor;
        this.owned = owned;
    }

    /** Calls of a descriptor that somebody else closes, later than this is closed. */
    public static DeviceCall borrowing(int descriptor) {
        return new DeviceCall(descriptor, false);
    }

    public int descriptor() {
        return descriptor;
    }

    /** Makes a request; returns its result, or the negative errno. */
    public int attempt(long request, long argument) {
        return Posix.attempt(state, descriptor, request, argument);
    }

    /**
     * Makes a request; returns its result.
     *
     * @throws PosixException if it fails
     */
    public int call(long request, long argument) throws PosixException {
        int result = attempt(request, argument);
        if (result < 0) {
            throw new PosixException("ioctl(" + descriptor + ", 0x" + Long.toHexString(request) + ")", -result);
        }
        return result;
    }

    /** Closes the descriptor, unless it is borrowed. */
    @Override
    public void close() {
        if (owned) {
            Posix.close(descriptor);
        }
        arena.close();
    }
}
