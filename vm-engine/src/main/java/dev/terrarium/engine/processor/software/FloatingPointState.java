// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/** The x87, MMX, SSE and AVX registers of one vCPU (Intel SDM volume 1, chapters 8 to 10). */
final class FloatingPointState {
    /** Significands of the eight physical x87 registers R0 to R7, explicit integer bit at 63; also MM0 to MM7. */
    final long[] significand = new long[8];

    /** Sign (bit 15) and biased exponent (bits 0 to 14) of R0 to R7. */
    final int[] signExponent = new int[8];

    /** Control word. */
    int control = 0x37F;

    /** Status word without TOP, which is in {@link #top}. */
    int status;

    /** Physical register that ST(0) is: 0 to 7. */
    int top;

    /** Abridged tag word: bit i is set if R<sub>i</sub> is not empty. */
    int valid;

    /** Last instruction's opcode (11 bits), its address and its operand's address, as FXSAVE64 stores them. */
    int lastOpcode;

    long lastInstruction;
    int lastInstructionSelector;
    long lastOperand;
    int lastOperandSelector;

    /** Registers beside XMM0 to XMM15, in which one lane of an AVX instruction is computed: its result, its source. */
    static final int LANE_RESULT = 16;

    static final int LANE_SOURCE = 17;

    /** XMM0 to XMM15, then the two lane registers: low half of XMM<sub>i</sub> at 2i, high half at 2i + 1. */
    final long[] xmm = new long[36];

    /** Bits 128 to 255 of YMM0 to YMM15 and of the lane registers, in the same order. */
    final long[] upper = new long[36];

    int mxcsr = 0x1F80;

    /** The state after power-on (Intel SDM volume 3, table 10-1). */
    void reset() {
        java.util.Arrays.fill(significand, 0);
        java.util.Arrays.fill(signExponent, 0);
        java.util.Arrays.fill(xmm, 0);
        java.util.Arrays.fill(upper, 0);
        control = 0x40;
        status = 0;
        top = 0;
        valid = 0xFF;
        lastOpcode = 0;
        lastInstruction = 0;
        lastInstructionSelector = 0;
        lastOperand = 0;
        lastOperandSelector = 0;
        mxcsr = 0x1F80;
    }
}
