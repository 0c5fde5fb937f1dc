// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import dev.terrarium.engine.processor.software.SimdForms.Form;
import dev.terrarium.engine.processor.software.SimdForms.Shape;
import org.jspecify.annotations.Nullable;

/**
 * Which AVX instructions compiled code executes itself: those whose lanes are the SSE instructions of {@link SimdForms}, and
 * the moves and broadcasts. All others are left to {@link AvxUnit}.
 */
final class AvxForms {
    private AvxForms() {}

    static boolean isNative(Instruction i) {
        return switch (i.operation) {
            case AvxSelector.LOAD, AvxSelector.STORE, AvxSelector.MOVE_MASK -> true;
            case AvxSelector.ZERO -> !i.vexL;
            case AvxSelector.TEST -> i.opcode == 0x17;
            case AvxSelector.REARRANGE -> rearranges(i);
            case AvxSelector.FUSED -> fuses(i);
            default -> lane(i) != null;
        };
    }

    /** How one lane is executed, or all of an instruction that has no lanes; null if not by compiled code. */
    static @Nullable Form lane(Instruction i) {
        Instruction lane = i.lane == null ? i : i.lane;
        return switch (i.operation) {
            case AvxSelector.PLAIN, AvxSelector.PLAIN_VECTOR -> SimdForms.ofEncoding(i);
            case AvxSelector.LANES, AvxSelector.LANES_3, AvxSelector.SHIFT_COUNT, AvxSelector.SHIFT_IMMEDIATE ->
                vector(i, SimdForms.ofEncoding(lane));
            case AvxSelector.WIDEN -> widening(SimdForms.ofEncoding(lane));
            case AvxSelector.SCALAR -> scalar(i, SimdForms.ofEncoding(lane));
            case AvxSelector.REARRANGE -> isBlend(i) ? SimdForms.BLEND_DOUBLEWORDS : null;
            default -> null;
        };
    }

    private static boolean isBlend(Instruction i) {
        return i.map == Instruction.MAP_0F3A && i.opcode == 0x02;
    }

    private static @Nullable Form widening(@Nullable Form form) {
        return form != null && form.shape() == Shape.WIDEN ? form : null;
    }

    private static @Nullable Form vector(Instruction i, @Nullable Form form) {
        if (form == null) {
            return null;
        }
        return switch (form.shape()) {
            case VECTOR, IMMEDIATE, EXTRA, SHIFT, SHIFT_BYTES, FLOAT_128 -> form;
            case COMPARE_128 -> isOfSse(i) ? form : null;
            default -> null;
        };
    }

    private static @Nullable Form scalar(Instruction i, @Nullable Form form) {
        if (form == null) {
            return null;
        }
        return switch (form.shape()) {
            case COMPARE_32, COMPARE_64 -> isOfSse(i) ? form : null;
            default -> form;
        };
    }

    /** One of the first eight predicates, which SSE has too; or no comparison at all. */
    private static boolean isOfSse(Instruction i) {
        return i.opcode != 0xC2 || (i.immediate & 0x18) == 0;
    }

    private static boolean rearranges(Instruction i) {
        if (i.map == Instruction.MAP_0F38) {
            return switch (i.opcode) {
                case 0x18, 0x19, 0x58, 0x59, 0x78, 0x79, 0x1A, 0x5A -> true;
                default -> false;
            };
        }
        return switch (i.opcode) {
            case 0x18, 0x38, 0x19, 0x39, 0x00, 0x01, 0x02, 0x06, 0x46 -> true;
            default -> false;
        };
    }

    /** FMA but for packed singles and for alternating signs. */
    private static boolean fuses(Instruction i) {
        int kind = i.opcode & 15;
        return i.map == Instruction.MAP_0F38 && i.opcode >= 0x90 && kind >= 8 && ((kind & 1) != 0 || i.vexW);
    }

    /** The registers that a native instruction reads and writes. */
    static RegisterUse use(Instruction i, int address) {
        Form form = lane(i);
        if (i.operation == AvxSelector.MOVE_MASK) {
            return RegisterUse.vector(address, 1 << i.reg, false);
        }
        boolean whole = i.operation == AvxSelector.PLAIN
                || i.operation == AvxSelector.PLAIN_VECTOR
                || i.operation == AvxSelector.SCALAR;
        return form != null && whole
                ? RegisterUse.compiledSimd(i, form)
                : RegisterUse.vector(address, 0, i.operation == AvxSelector.TEST);
    }
}
