// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** A test program without loops, and the mode it is for. */
record OracleSequence(boolean wide, List<Step> steps) {
    private static final int INT3 = 0xCC;

    /**
     * One instruction.
     *
     * @param undefinedFlags the flags that have no defined value after it
     */
    record Step(byte[] bytes, int undefinedFlags) {}

    /** The machine code, ending in INT3. */
    byte[] code() {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        steps.forEach(step -> all.writeBytes(step.bytes));
        all.write(INT3);
        return all.toByteArray();
    }

    /** The undefined flags of the last instruction; those of earlier ones have been overwritten. */
    int undefinedFlags() {
        return steps.isEmpty() ? 0 : steps.getLast().undefinedFlags;
    }

    OracleSequence firstSteps(int count) {
        return new OracleSequence(wide, new ArrayList<>(steps.subList(0, count)));
    }

    String describe() {
        StringBuilder text = new StringBuilder(wide ? "64-bit:" : "32-bit:");
        steps.forEach(step -> text.append(' ').append(HexFormat.of().formatHex(step.bytes)));
        return text.toString();
    }
}
