// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine;

/**
 * What the software processors of one machine have done since its start, all together.
 *
 * @param instructions guest instructions executed, compiled ones included
 * @param compiledInstructions guest instructions executed in compiled code
 * @param compileNanos time that went into generating classes; HotSpot's own compilers are not in it
 * @param codeBytes bytes of the class files generated
 * @param compiledRegions regions generated
 */
public record EngineStatistics(
        long instructions, long compiledInstructions, long compileNanos, long codeBytes, int compiledRegions) {

    /** Nothing executed: the machine is off, or nobody counts. */
    public static final EngineStatistics NONE = new EngineStatistics(0, 0, 0, 0, 0);

    /** The figures of a processor that only interprets. */
    public static EngineStatistics interpreted(long instructions) {
        return new EngineStatistics(instructions, 0, 0, 0, 0);
    }

    /** The share of the instructions that ran in compiled code, from 0 to 1. */
    public double compiledShare() {
        return instructions == 0 ? 0 : Math.min(1, (double) compiledInstructions / instructions);
    }

    /** These figures and those of another processor together. */
    public EngineStatistics plus(EngineStatistics other) {
        return new EngineStatistics(
                instructions + other.instructions,
                compiledInstructions + other.compiledInstructions,
                compileNanos + other.compileNanos,
                codeBytes + other.codeBytes,
                compiledRegions + other.compiledRegions);
    }
}
