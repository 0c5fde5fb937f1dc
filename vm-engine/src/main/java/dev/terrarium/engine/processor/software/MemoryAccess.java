// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/** Memory accesses that the TLB could not answer. */
interface MemoryAccess {
    /** Reads with the current privilege; {@code size} is 1, 2, 4 or 8; zero-extended. */
    long read(long linear, int size);

    void write(long linear, int size, long value);

    void checkRead(long linear, int size);

    void checkWrite(long linear, int size);

    /**
     * The host address of a naturally aligned operand of {@code size} (1, 2, 4 or 8) bytes in RAM that is about to be read and written
     * in one, or 0 if it is none; faults as a write does. {@link #modified} has to follow.
     */
    default long hostToModify(long linear, int size) {
        return 0;
    }

    /** What {@link #hostToModify} told last was written. */
    default void modified(int size) {}

    /** Does {@code action} while no other vCPU executes; what is known of the TLB may have changed before it begins. */
    default void alone(Runnable action) {
        action.run();
    }
}
