// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.memory;

import sun.misc.Unsafe;

/**
 * Memory without checks, for the accesses that guest instructions become: host addresses, which must come from a
 * {@link HostBlock}, and elements of arrays, whose index the caller has masked. Little-endian, unaligned, as x86 hosts and
 * AArch64 have it. Why not {@link HostMemory#ALL}: docs/decisions/0004-unsafe-in-compiled-code.md.
 */
@SuppressWarnings("removal") // no other access is as cheap for HotSpot to compile
public final class Unchecked {
    private static final Unsafe UNSAFE = unsafe();

    /** Bytes before the first element of a {@code long[]}. */
    public static final long LONGS = Unsafe.ARRAY_LONG_BASE_OFFSET;

    private Unchecked() {}

    private static Unsafe unsafe() {
        try {
            var field = Unsafe.class.getDeclaredField("theUnsafe");
            field.setAccessible(true);
            return (Unsafe) field.get(null);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    public static byte getByte(long address) {
        return UNSAFE.getByte(null, address);
    }

    public static short getShort(long address) {
        return UNSAFE.getShort(null, address);
    }

    public static int getInt(long address) {
        return UNSAFE.getInt(null, address);
    }

    public static long getLong(long address) {
        return UNSAFE.getLong(null, address);
    }

    public static void putByte(long address, byte value) {
        UNSAFE.putByte(null, address, value);
    }

    public static void putShort(long address, short value) {
        UNSAFE.putShort(null, address, value);
    }

    public static void putInt(long address, int value) {
        UNSAFE.putInt(null, address, value);
    }

    public static void putLong(long address, long value) {
        UNSAFE.putLong(null, address, value);
    }

    /** Atomic, as those after it; aligned addresses only. */
    public static boolean compareAndSetInt(long address, int expected, int value) {
        return UNSAFE.compareAndSwapInt(null, address, expected, value);
    }

    public static boolean compareAndSetLong(long address, long expected, long value) {
        return UNSAFE.compareAndSwapLong(null, address, expected, value);
    }

    /** Returns what was there before, as the others. */
    public static int getAndAddInt(long address, int value) {
        return UNSAFE.getAndAddInt(null, address, value);
    }

    public static long getAndAddLong(long address, long value) {
        return UNSAFE.getAndAddLong(null, address, value);
    }

    public static int getAndSetInt(long address, int value) {
        return UNSAFE.getAndSetInt(null, address, value);
    }

    public static long getAndSetLong(long address, long value) {
        return UNSAFE.getAndSetLong(null, address, value);
    }

    /** The element that lies {@code offset} bytes from the start of the array object: {@link #LONGS} + 8 * index. */
    public static long element(long[] array, long offset) {
        return UNSAFE.getLong(array, offset);
    }

    /** Sets that element. */
    public static void putElement(long[] array, long offset, long value) {
        UNSAFE.putLong(array, offset, value);
    }
}
