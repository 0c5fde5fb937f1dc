// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.firmware;

/** Resource descriptors as they stand in a _CRS or _PRS buffer (ACPI 6.4, 6.4). */
final class AmlResources {
    private static final int SMALL_IRQ = 0x22;
    private static final int SMALL_IO = 0x47;
    private static final int SMALL_END = 0x79;
    private static final int LARGE_FIXED_MEMORY = 0x86;
    private static final int LARGE_DOUBLE_WORD_SPACE = 0x87;
    private static final int LARGE_WORD_SPACE = 0x88;
    private static final int LARGE_EXTENDED_IRQ = 0x89;

    private static final int SPACE_MEMORY = 0;
    private static final int SPACE_IO = 1;
    private static final int SPACE_BUS = 2;

    /** Both ends are fixed; decoding is positive. */
    private static final int BOTH_FIXED = 0x0C;

    private static final int IO_ENTIRE_RANGE = 0x03;
    private static final int MEMORY_READ_WRITE = 0x01;
    private static final int MEMORY_CACHEABLE = 0x02;

    /** Consumer, level, active high, shared. */
    private static final int IRQ_LEVEL_HIGH_SHARED = 0x09;

    private AmlResources() {}

    static byte[] template(byte[]... descriptors) {
        return Aml.buffer(Aml.concat(Aml.concat(descriptors), new byte[] {SMALL_END, 0}));
    }

    static byte[] io(int base, int length) {
        return LittleEndian.of(8)
                .u8(SMALL_IO)
                .u8(1)
                .u16(base)
                .u16(base)
                .u8(1)
                .u8(length)
                .toByteArray();
    }

    static byte[] irq(int number) {
        return LittleEndian.of(3).u8(SMALL_IRQ).u16(1 << number).toByteArray();
    }

    static byte[] levelInterrupts(int... numbers) {
        LittleEndian descriptor = LittleEndian.of(32)
                .u8(LARGE_EXTENDED_IRQ)
                .u16(2 + 4 * numbers.length)
                .u8(IRQ_LEVEL_HIGH_SHARED)
                .u8(numbers.length);
        for (int number : numbers) {
            descriptor.u32(number);
        }
        return descriptor.toByteArray();
    }

    static byte[] busNumbers(int first, int last) {
        return wordSpace(SPACE_BUS, 0, first, last);
    }

    static byte[] ioRange(int first, int last) {
        return wordSpace(SPACE_IO, IO_ENTIRE_RANGE, first, last);
    }

    private static byte[] wordSpace(int type, int typeFlags, int first, int last) {
        return LittleEndian.of(16)
                .u8(LARGE_WORD_SPACE)
                .u16(13)
                .u8(type)
                .u8(BOTH_FIXED)
                .u8(typeFlags)
                .u16(0)
                .u16(first)
                .u16(last)
                .u16(0)
                .u16(last - first + 1)
                .toByteArray();
    }

    static byte[] memoryRange(long first, long last, boolean cacheable) {
        return LittleEndian.of(26)
                .u8(LARGE_DOUBLE_WORD_SPACE)
                .u16(23)
                .u8(SPACE_MEMORY)
                .u8(BOTH_FIXED)
                .u8(MEMORY_READ_WRITE | (cacheable ? MEMORY_CACHEABLE : 0))
                .u32(0)
                .u32(first)
                .u32(last)
                .u32(0)
                .u32(last - first + 1)
                .toByteArray();
    }

    static byte[] fixedMemory(long base, long length) {
        return LittleEndian.of(12)
                .u8(LARGE_FIXED_MEMORY)
                .u16(9)
                .u8(0)
                .u32(base)
                .u32(length)
                .toByteArray();
    }
}
