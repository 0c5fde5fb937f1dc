// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device;

/** A register window whose registers are one byte wide; wider accesses are split, lowest address first. */
public interface ByteRegisters extends RegisterWindow {
    /** Reads the byte at {@code offset}: 0 to 255. */
    int readByte(int offset);

    /** Writes the byte {@code value}, 0 to 255, at {@code offset}. */
    void writeByte(int offset, int value);

    @Override
    default long read(long offset, int size) {
        long value = 0;
        for (int i = 0; i < size; i++) {
            value |= (readByte((int) offset + i) & 0xFFL) << (8 * i);
        }
        return value;
    }

    @Override
    default void write(long offset, int size, long value) {
        for (int i = 0; i < size; i++) {
            writeByte((int) offset + i, (int) (value >>> (8 * i)) & 0xFF);
        }
    }
}
