// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/**
 * When a software vCPU compiles guest code.
 *
 * @param threshold executions of a block by the interpreter before it is compiled; 0 for never
 * @param background whether the compiler works beside the vCPU, or the vCPU waits for it
 * @param lockStep whether every run of compiled code is checked against the interpreter; for machines with one vCPU
 */
public record Compilation(int threshold, boolean background, boolean lockStep) {
    /** The interpreter does everything. */
    public static final Compilation OFF = new Compilation(0, false, false);

    /** What users get. */
    public static final Compilation NORMAL = new Compilation(6_000, true, false);

    /** Everything is compiled the second time it is executed, and at once: for tests of the compiler. */
    public static final Compilation EAGER = new Compilation(2, false, false);

    /** The compiler is watched over by {@link LockStep}; a boot of Linux takes some ten times as long. */
    public static final Compilation LOCK_STEP = new Compilation(200, false, true);

    /**
     * What the system property {@code terrarium.compilation} asks for: off, normal, eager or lockstep; normal if it is not
     * set.
     */
    public static Compilation asked() {
        String asked = System.getProperty("terrarium.compilation", "normal");
        return switch (asked) {
            case "normal" -> NORMAL;
            case "off" -> OFF;
            case "eager" -> EAGER;
            case "lockstep" -> LOCK_STEP;
            default ->
                throw new IllegalArgumentException(
                        "terrarium.compilation is \"" + asked + "\": use off, normal, eager or lockstep");
        };
    }
}
