// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The 512-byte image that FXSAVE writes (Intel SDM volume 1, section 10.5.1), as 64 little-endian longs. The last six are
 * available to software and never touched. XSAVE appends a header of 64 bytes and the upper halves of the YMM registers
 * (section 13.4).
 */
final class FloatingPointImage {
    static final int BYTES = 512;
    static final int LONGS = 64;

    /** The bits of MXCSR that exist. */
    static final int MXCSR_MASK = 0xFFFF;

    static final int INSTRUCTION_POINTER = 1;
    static final int OPERAND_POINTER = 2;
    static final int MXCSR = 3;
    static final int FIRST_X87 = 4;
    static final int FIRST_XMM = 20;

    /** The longs of XMM0 to XMM15, and of the upper halves of YMM0 to YMM15. */
    static final int VECTOR_LONGS = 32;

    static final int HEADER_BYTES = 64;
    static final int UPPER_OFFSET = BYTES + HEADER_BYTES;
    static final int EXTENDED_BYTES = UPPER_OFFSET + 8 * VECTOR_LONGS;

    /** Bits of XCR0 and of XSTATE_BV in the header. */
    static final int X87_COMPONENT = 1;

    static final int SSE_COMPONENT = 2;
    static final int AVX_COMPONENT = 4;

    private FloatingPointImage() {}

    /** Fills the image in its 64-bit form: full pointers, no selectors. */
    static void pack(FloatingPointState state, long[] image) {
        long status = state.status | state.top << 11;
        image[0] = state.control | status << 16 | (long) state.valid << 32 | (long) state.lastOpcode << 48;
        image[INSTRUCTION_POINTER] = state.lastInstruction;
        image[OPERAND_POINTER] = state.lastOperand;
        image[MXCSR] = state.mxcsr | (long) MXCSR_MASK << 32;
        for (int i = 0; i < 8; i++) {
            int register = (state.top + i) & 7;
            image[FIRST_X87 + 2 * i] = state.significand[register];
            image[FIRST_X87 + 2 * i + 1] = state.signExponent[register];
        }
        System.arraycopy(state.xmm, 0, image, FIRST_XMM, VECTOR_LONGS);
    }

    /** Fills the pointers of the 32-bit form: offset, then selector. */
    static void packSelectors(FloatingPointState state, long[] image) {
        image[INSTRUCTION_POINTER] =
                (state.lastInstruction & 0xFFFF_FFFFL) | (long) state.lastInstructionSelector << 32;
        image[OPERAND_POINTER] = (state.lastOperand & 0xFFFF_FFFFL) | (long) state.lastOperandSelector << 32;
    }

    /** Takes over the image's 64-bit form; {@code vectors} XMM registers. */
    static void unpack(FloatingPointState state, long[] image, int vectors) {
        int status = (int) (image[0] >>> 16) & 0xFFFF;
        X87Registers registers = new X87Registers(state);
        registers.setControlWord((int) image[0] & 0xFFFF);
        registers.setStatusWord(status);
        state.valid = (int) (image[0] >>> 32) & 0xFF;
        state.lastOpcode = (int) (image[0] >>> 48) & 0x7FF;
        state.lastInstruction = image[INSTRUCTION_POINTER];
        state.lastInstructionSelector = 0;
        state.lastOperand = image[OPERAND_POINTER];
        state.lastOperandSelector = 0;
        state.mxcsr = (int) image[MXCSR] & MXCSR_MASK;
        for (int i = 0; i < 8; i++) {
            int register = (state.top + i) & 7;
            state.significand[register] = image[FIRST_X87 + 2 * i];
            state.signExponent[register] = (int) image[FIRST_X87 + 2 * i + 1] & 0xFFFF;
        }
        System.arraycopy(image, FIRST_XMM, state.xmm, 0, 2 * vectors);
    }

    /** Splits the pointers of the 32-bit form after {@link #unpack}. */
    static void unpackSelectors(FloatingPointState state, long[] image) {
        state.lastInstruction = image[INSTRUCTION_POINTER] & 0xFFFF_FFFFL;
        state.lastInstructionSelector = (int) (image[INSTRUCTION_POINTER] >>> 32) & 0xFFFF;
        state.lastOperand = image[OPERAND_POINTER] & 0xFFFF_FFFFL;
        state.lastOperandSelector = (int) (image[OPERAND_POINTER] >>> 32) & 0xFFFF;
    }

    /** The image as {@code ProcessorState.extendedState} has it. */
    static byte[] save(FloatingPointState state) {
        long[] image = new long[LONGS];
        pack(state, image);
        byte[] bytes = new byte[EXTENDED_BYTES];
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        buffer.asLongBuffer().put(image);
        buffer.putLong(BYTES, X87_COMPONENT | SSE_COMPONENT | AVX_COMPONENT);
        buffer.position(UPPER_OFFSET)
                .slice()
                .order(ByteOrder.LITTLE_ENDIAN)
                .asLongBuffer()
                .put(state.upper, 0, VECTOR_LONGS);
        return bytes;
    }

    /**
     * Takes over {@code ProcessorState.extendedState}.
     *
     * @throws dev.terrarium.engine.device.InvalidStateException if it is neither 512 nor 832 bytes
     */
    static void restore(FloatingPointState state, byte[] bytes) {
        dev.terrarium.engine.device.InvalidStateException.require(
                isLength(bytes.length), "an extended processor state of " + bytes.length + " bytes");
        long[] image = new long[LONGS];
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        buffer.asLongBuffer().get(image);
        unpack(state, image, 16);
        java.util.Arrays.fill(state.upper, 0);
        if (bytes.length == EXTENDED_BYTES && (buffer.getLong(BYTES) & AVX_COMPONENT) != 0) {
            buffer.position(UPPER_OFFSET)
                    .slice()
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .asLongBuffer()
                    .get(state.upper, 0, VECTOR_LONGS);
        }
    }

    /** Can an extended processor state have so many bytes? */
    static boolean isLength(int bytes) {
        return bytes == BYTES || bytes == EXTENDED_BYTES;
    }
}
