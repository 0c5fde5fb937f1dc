// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/** Is told of what {@link PhysicalAccess} does for a program, on the vCPU's thread. Addresses are of pages. */
interface SlowPathObserver {
    /** From now on writes reach a page of RAM without passing here again; nothing has been written yet. */
    void becomesWritable(long host, long physical);

    /** A page of RAM is about to be written by the slow path. */
    void writes(long host, long physical);

    /** Something else than RAM is about to be read or written. */
    void reachesDevice(long physical);
}
