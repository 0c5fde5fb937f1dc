// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/** How instruction bytes are reached: the page tables with execute permission, and the memory behind them. */
interface CodeFetcher {
    /**
     * The physical address of the instruction byte at {@code linear}, with the current privilege; sets accessed bits as
     * a fetch does. Throws #PF, or #GP for an address that is not canonical.
     */
    long translate(long linear);

    /** Was the page that was translated last a global one, which loads of CR3 leave in the TLB? */
    boolean isGlobal();

    /** The binary logarithm of the size of the page that was translated last. */
    int pageShift();

    /** The host address of the byte that is read at {@code physical}, good to the end of its page; 0 if that is a device. */
    long host(long physical);

    /** Reads a byte that {@link #host} has no address for. */
    int read8(long physical);
}
