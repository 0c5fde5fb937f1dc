// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/** Memory accesses that the TLB could not answer. */
interface MemoryAccess {
    /** Reads with the current privilege; {@code size} is 1, 2, 4 or 8; zero-extended. */
    long read(long linear, int size);

    void write(long linear, int size, long value);

    void checkRead(long linear, int size);

    void checkWrite(long linear, int size);
}
