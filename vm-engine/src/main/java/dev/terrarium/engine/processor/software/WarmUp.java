// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/**
 * Holds a new region back until HotSpot has compiled its method.
 *
 * <p>Before that the JVM interprets it, which takes several times as long as {@link Interpreter} takes for the guest's
 * code. A few calls make HotSpot's first compiler take the method (see {@code CompileThresholdScaling} in
 * {@code scripts/environment}), so a region is first run as it comes; then seldom and timed, until a run is faster than
 * the JVM's interpreter can be. What the first compiler made is fast enough to be run always, and must be: it counts the calls
 * that make HotSpot's second compiler take the method.
 */
final class WarmUp {
    private static final int FIRST_TURNS = 8;

    /** After the first turns one in so many is a run; a power of two. */
    private static final int INTERVAL = 16;

    /** Then the region is taken to be slow for reasons of its own. */
    private static final int MOST_TURNS = FIRST_TURNS + 1000 * INTERVAL;

    /** What a run of compiled code may take: about half of what the JVM's interpreter needs. */
    private static final long NANOS_PER_RUN = 300;

    private static final long NANOS_PER_INSTRUCTION = 15;

    private int turns;
    private boolean over;

    /** Is the region to be run whenever it can be? */
    boolean over() {
        return over;
    }

    /** Counts an opportunity to run the region; tells whether to use it. */
    boolean admits() {
        if (over) {
            return true;
        }
        turns++;
        over = turns > MOST_TURNS;
        return over || turns <= FIRST_TURNS || turns % INTERVAL == 0;
    }

    /** A run of an admitted region took {@code nanos} for {@code instructions} of the guest. */
    void ran(long nanos, long instructions) {
        over |= turns > FIRST_TURNS && nanos <= NANOS_PER_RUN + instructions * NANOS_PER_INSTRUCTION;
    }

    /** Ends it: for what is to be run whatever it takes. */
    void end() {
        over = true;
    }
}
