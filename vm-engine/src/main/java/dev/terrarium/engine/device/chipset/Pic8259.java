// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.chipset;

import dev.terrarium.engine.device.ByteRegisters;
import dev.terrarium.engine.device.StateCheck;

/** One 8259A programmable interrupt controller (Intel data sheet 231468) with a PIIX3 edge/level register. */
final class Pic8259 implements ByteRegisters {
    static final int INPUTS = 8;
    /** The input that a slave controller's output is soldered to. */
    static final int CASCADE_INPUT = 2;

    private static final int SPURIOUS_INPUT = 7;
    private static final int ALL = 0xFF;

    private static final int COMMAND = 0;
    private static final int DATA = 1;

    private static final int ICW1 = 0x10;
    private static final int ICW1_ICW4_NEEDED = 0x01;
    private static final int ICW1_SINGLE = 0x02;
    private static final int ICW2_BASE = 0xF8;
    private static final int ICW4_AUTO_EOI = 0x02;
    private static final int ICW4_SPECIAL_FULLY_NESTED = 0x10;
    private static final int OCW3 = 0x08;
    private static final int OCW3_READ_ISR = 0x01;
    private static final int OCW3_READ_REGISTER = 0x02;
    private static final int OCW3_POLL = 0x04;
    private static final int OCW3_SPECIAL_MASK = 0x20;
    private static final int OCW3_SET_SPECIAL_MASK = 0x40;
    private static final int POLL_PENDING = 0x80;

    /** OCW2 bits 7 to 5: R, SL, EOI. */
    private enum EndOfInterrupt {
        CLEAR_ROTATE_IN_AUTO_EOI,
        NON_SPECIFIC,
        NO_OPERATION,
        SPECIFIC,
        SET_ROTATE_IN_AUTO_EOI,
        ROTATE_NON_SPECIFIC,
        SET_PRIORITY,
        ROTATE_SPECIFIC
    }

    private static final EndOfInterrupt[] OCW2_COMMANDS = EndOfInterrupt.values();

    /** The command word that the data port expects. */
    enum Expecting {
        MASK,
        ICW2,
        ICW3,
        ICW4
    }

    /** Everything about one controller. */
    record State(
            int lines,
            int irr,
            int imr,
            int isr,
            int elcr,
            int vectorBase,
            int highestPriority,
            Expecting expecting,
            boolean single,
            boolean icw4Needed,
            boolean autoEoi,
            boolean rotateInAutoEoi,
            boolean specialMask,
            boolean specialFullyNested,
            boolean readIsr,
            boolean poll) {}

    private final boolean master;
    private final int elcrWritable;
    private final Runnable changed;

    private int lines;
    private int irr;
    private int imr;
    private int isr;
    private int elcr;
    private int vectorBase;
    private int highestPriority;
    private Expecting expecting = Expecting.MASK;
    private boolean single;
    private boolean icw4Needed;
    private boolean autoEoi;
    private boolean rotateInAutoEoi;
    private boolean specialMask;
    private boolean specialFullyNested;
    private boolean readIsr;
    private boolean poll;

    /**
     * @param master whether {@link #CASCADE_INPUT} carries another controller
     * @param elcrWritable the inputs that may be made level-triggered
     * @param changed called when {@link #pendingInput} may have changed
     */
    Pic8259(boolean master, int elcrWritable, Runnable changed) {
        this.master = master;
        this.elcrWritable = elcrWritable;
        this.changed = changed;
    }

    /** Power-on state; the inputs keep the level that their drivers give them. */
    void reset() {
        elcr = 0;
        initialise();
        expecting = Expecting.MASK;
        changed.run();
    }

    private void initialise() {
        irr = levelTriggered() & lines;
        imr = 0;
        isr = 0;
        vectorBase = 0;
        highestPriority = 0;
        single = false;
        icw4Needed = false;
        autoEoi = false;
        rotateInAutoEoi = false;
        specialMask = false;
        specialFullyNested = false;
        readIsr = false;
        poll = false;
    }

    void setInput(int input, boolean asserted) {
        int bit = 1 << input;
        boolean before = (lines & bit) != 0;
        if (before == asserted) {
            return;
        }
        if (asserted) {
            lines |= bit;
            irr |= bit;
        } else {
            lines &= ~bit;
            if ((levelTriggered() & bit) != 0) {
                irr &= ~bit;
            }
        }
        changed.run();
    }

    private int levelTriggered() {
        return master ? elcr | 1 << CASCADE_INPUT : elcr;
    }

    /** The input whose interrupt is to be taken next, or -1. */
    int pendingInput() {
        int blocking = specialMask ? isr & ~imr : isr;
        if (specialFullyNested && master) {
            blocking &= ~(1 << CASCADE_INPUT);
        }
        int rank = highestRank(irr & ~imr);
        return rank < highestRank(blocking) ? (rank + highestPriority) % INPUTS : -1;
    }

    /** The rank, 0 the best, of the best input among {@code inputs}; 8 if there is none. */
    private int highestRank(int inputs) {
        int rotated = (inputs | inputs << INPUTS) >>> highestPriority & ALL;
        return rotated == 0 ? INPUTS : Integer.numberOfTrailingZeros(rotated);
    }

    /** Puts the pending interrupt of {@code input} in service. */
    void acknowledge(int input) {
        int bit = 1 << input;
        if (autoEoi) {
            if (rotateInAutoEoi) {
                highestPriority = (input + 1) % INPUTS;
            }
        } else {
            isr |= bit;
        }
        if ((levelTriggered() & bit) == 0) {
            irr &= ~bit;
        }
        changed.run();
    }

    int vector(int input) {
        return vectorBase | input;
    }

    int spuriousVector() {
        return vector(SPURIOUS_INPUT);
    }

    @Override
    public int readByte(int offset) {
        if (offset != COMMAND && offset != DATA) {
            return ALL;
        }
        if (poll) {
            poll = false;
            int input = pendingInput();
            if (input < 0) {
                return 0;
            }
            acknowledge(input);
            return POLL_PENDING | input;
        }
        if (offset == DATA) {
            return imr;
        }
        return readIsr ? isr : irr;
    }

    @Override
    public void writeByte(int offset, int value) {
        if (offset == DATA) {
            writeData(value);
        } else if (offset == COMMAND) {
            if ((value & ICW1) != 0) {
                initialise();
                single = (value & ICW1_SINGLE) != 0;
                icw4Needed = (value & ICW1_ICW4_NEEDED) != 0;
                expecting = Expecting.ICW2;
            } else if ((value & OCW3) != 0) {
                writeOcw3(value);
            } else {
                writeOcw2(OCW2_COMMANDS[value >> 5], value & 7);
            }
        } else {
            return;
        }
        changed.run();
    }

    private void writeData(int value) {
        switch (expecting) {
            case MASK -> imr = value;
            case ICW2 -> {
                vectorBase = value & ICW2_BASE;
                expecting = single ? afterIcw3() : Expecting.ICW3;
            }
            case ICW3 -> expecting = afterIcw3();
            case ICW4 -> {
                autoEoi = (value & ICW4_AUTO_EOI) != 0;
                specialFullyNested = (value & ICW4_SPECIAL_FULLY_NESTED) != 0;
                expecting = Expecting.MASK;
            }
        }
    }

    private Expecting afterIcw3() {
        return icw4Needed ? Expecting.ICW4 : Expecting.MASK;
    }

    private void writeOcw3(int value) {
        if ((value & OCW3_POLL) != 0) {
            poll = true;
        }
        if ((value & OCW3_READ_REGISTER) != 0) {
            readIsr = (value & OCW3_READ_ISR) != 0;
        }
        if ((value & OCW3_SET_SPECIAL_MASK) != 0) {
            specialMask = (value & OCW3_SPECIAL_MASK) != 0;
        }
    }

    private void writeOcw2(EndOfInterrupt command, int input) {
        switch (command) {
            case CLEAR_ROTATE_IN_AUTO_EOI -> rotateInAutoEoi = false;
            case SET_ROTATE_IN_AUTO_EOI -> rotateInAutoEoi = true;
            case NON_SPECIFIC -> endHighest(false);
            case ROTATE_NON_SPECIFIC -> endHighest(true);
            case SPECIFIC -> isr &= ~(1 << input);
            case ROTATE_SPECIFIC -> {
                isr &= ~(1 << input);
                highestPriority = (input + 1) % INPUTS;
            }
            case SET_PRIORITY -> highestPriority = (input + 1) % INPUTS;
            case NO_OPERATION -> {}
        }
    }

    private void endHighest(boolean rotate) {
        int rank = highestRank(specialMask ? isr & ~imr : isr);
        if (rank == INPUTS) {
            return;
        }
        int input = (rank + highestPriority) % INPUTS;
        isr &= ~(1 << input);
        if (rotate) {
            highestPriority = (input + 1) % INPUTS;
        }
    }

    int elcr() {
        return elcr;
    }

    void setElcr(int value) {
        elcr = value & elcrWritable;
        irr = irr & ~elcr | lines & elcr;
        changed.run();
    }

    State save() {
        return new State(
                lines,
                irr,
                imr,
                isr,
                elcr,
                vectorBase,
                highestPriority,
                expecting,
                single,
                icw4Needed,
                autoEoi,
                rotateInAutoEoi,
                specialMask,
                specialFullyNested,
                readIsr,
                poll);
    }

    /** The registers as hypervisors exchange them: linux/kvm.h, struct kvm_pic_state. */
    byte[] image() {
        int[] fields = {
            lines,
            irr,
            imr,
            isr,
            highestPriority,
            vectorBase,
            readIsr ? 1 : 0,
            poll ? 1 : 0,
            specialMask ? 1 : 0,
            expecting.ordinal(),
            autoEoi ? 1 : 0,
            rotateInAutoEoi ? 1 : 0,
            specialFullyNested ? 1 : 0,
            icw4Needed ? 1 : 0,
            elcr,
            elcrWritable
        };
        byte[] image = new byte[fields.length];
        for (int i = 0; i < image.length; i++) {
            image[i] = (byte) fields[i];
        }
        return image;
    }

    /**
     * The state of an image.
     *
     * @param levels of the inputs, a bit each
     */
    State state(byte[] image, int levels) {
        int cascade = master ? ~(1 << CASCADE_INPUT) : ALL;
        return new State(
                levels & cascade & ALL,
                image[1] & cascade & ALL,
                image[2] & ALL,
                image[3] & ALL,
                image[14] & elcrWritable,
                image[5] & ICW2_BASE,
                image[4] & INPUTS - 1,
                Expecting.values()[image[9] & 3],
                single,
                image[13] != 0,
                image[10] != 0,
                image[11] != 0,
                image[8] != 0,
                image[12] != 0,
                image[6] != 0,
                image[7] != 0);
    }

    void check(State state) {
        StateCheck.bits("lines", state.lines, ALL);
        StateCheck.bits("irr", state.irr, ALL);
        StateCheck.bits("imr", state.imr, ALL);
        StateCheck.bits("isr", state.isr, ALL);
        StateCheck.bits("elcr", state.elcr, elcrWritable);
        StateCheck.bits("vectorBase", state.vectorBase, ICW2_BASE);
        StateCheck.range("highestPriority", state.highestPriority, 0, INPUTS - 1);
    }

    /** Takes over a checked state; the caller drives the outputs. */
    void restore(State state) {
        lines = state.lines;
        irr = state.irr;
        imr = state.imr;
        isr = state.isr;
        elcr = state.elcr;
        vectorBase = state.vectorBase;
        highestPriority = state.highestPriority;
        expecting = state.expecting;
        single = state.single;
        icw4Needed = state.icw4Needed;
        autoEoi = state.autoEoi;
        rotateInAutoEoi = state.rotateInAutoEoi;
        specialMask = state.specialMask;
        specialFullyNested = state.specialFullyNested;
        readIsr = state.readIsr;
        poll = state.poll;
    }
}
