// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.qcow2;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Numbers of 1 to 64 bits in a block; those under a byte begin with the lowest bit (specification, refcount block). */
final class RefcountWidth {
    private static final VarHandle SHORTS = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle INTS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    private RefcountWidth() {}

    /** Entry {@code index} of a block; a 64-bit one over the largest long counts as that. */
    static long get(byte[] block, int order, int index) {
        return switch (order) {
            case 3 -> block[index] & 0xFF;
            case 4 -> (short) SHORTS.get(block, index * 2) & 0xFFFF;
            case 5 -> (int) INTS.get(block, index * 4) & 0xFFFF_FFFFL;
            case 6 -> {
                long value = (long) LONGS.get(block, index * 8);
                yield value < 0 ? Long.MAX_VALUE : value;
            }
            default -> {
                int perByte = 8 >> order;
                int bits = 1 << order;
                yield block[index / perByte] >> index % perByte * bits & (1 << bits) - 1;
            }
        };
    }

    /** The byte of a block that entry {@code index} begins in. */
    static int byteOf(int order, int index) {
        return order >= 3 ? index << order - 3 : index >> 3 - order;
    }

    static void set(byte[] block, int order, int index, long value) {
        switch (order) {
            case 3 -> block[index] = (byte) value;
            case 4 -> SHORTS.set(block, index * 2, (short) value);
            case 5 -> INTS.set(block, index * 4, (int) value);
            case 6 -> LONGS.set(block, index * 8, value);
            default -> {
                int perByte = 8 >> order;
                int bits = 1 << order;
                int shift = index % perByte * bits;
                int mask = (1 << bits) - 1 << shift;
                block[index / perByte] = (byte) (block[index / perByte] & ~mask | (int) value << shift);
            }
        }
    }
}
