// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device;

/**
 * A run of registers that a device answers at: a range of I/O ports, or a range of physical addresses.
 *
 * <p>The bus calls it with the board's lock held. Every combination of offset and size is possible, because the guest
 * chooses both; an access that the hardware would not answer reads as all ones and is ignored when written. It never
 * throws.
 */
public interface RegisterWindow {
    /**
     * Reads a register.
     *
     * @param offset bytes from the start of the window
     * @param size width of the access in bytes: 1, 2, 4 or 8
     * @return the value, zero-extended; bits above {@code size * 8} are ignored by the caller
     */
    long read(long offset, int size);

    /**
     * Writes a register.
     *
     * @param offset bytes from the start of the window
     * @param size width of the access in bytes: 1, 2, 4 or 8
     * @param value the value; bits above {@code size * 8} are zero
     */
    void write(long offset, int size, long value);

    /**
     * May writes of a vCPU come later, in their order, but before its next access to anything else? So may those to video memory, which
     * are many.
     */
    default boolean postsWrites() {
        return false;
    }
}
