// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.display;

import dev.terrarium.engine.device.InvalidStateException;

/**
 * Bochs' display registers, by which a linear frame buffer of any size and depth is set (the VBE_DISPI interface,
 * version B0C5h).
 */
final class BochsDisplay {
    static final int MAX_WIDTH = 2560;
    static final int MAX_HEIGHT = 1600;

    private static final int ID_FIRST = 0xB0C0;
    private static final int ID_LAST = 0xB0C5;
    private static final int BANK_SIZE = 0x10000;

    private static final int ENABLED = 0x01;
    private static final int GET_CAPABILITIES = 0x02;
    private static final int EIGHT_BIT_DAC = 0x20;
    private static final int NO_CLEAR = 0x80;
    private static final int ENABLE_MASK = 0xE3;

    private static final int MAX_DEPTH = 32;

    /** The registers in the order of their index. */
    private enum Register {
        ID,
        XRES,
        YRES,
        BPP,
        ENABLE,
        BANK,
        VIRT_WIDTH,
        VIRT_HEIGHT,
        X_OFFSET,
        Y_OFFSET,
        VIDEO_MEMORY_64K;

        private static final Register[] BY_INDEX = values();
    }

    /** The registers' values, and the index register. */
    record State(int[] registers, int index) {}

    private final VideoMemory memory;
    private final Runnable changed;
    private final int[] registers = new int[Register.values().length];
    private int index;

    BochsDisplay(VideoMemory memory, Runnable changed) {
        this.memory = memory;
        this.changed = changed;
    }

    private int get(Register register) {
        return registers[register.ordinal()];
    }

    private void set(Register register, int value) {
        registers[register.ordinal()] = value;
    }

    boolean enabled() {
        return (get(Register.ENABLE) & ENABLED) != 0;
    }

    boolean eightBitDac() {
        return (get(Register.ENABLE) & EIGHT_BIT_DAC) != 0;
    }

    /** Whether the window at A0000h shows the frame buffer byte by byte. */
    boolean linear() {
        return enabled() && depth() >= 8;
    }

    int width() {
        return Math.clamp(get(Register.XRES), 1, MAX_WIDTH);
    }

    int height() {
        return Math.clamp(get(Register.YRES), 1, MAX_HEIGHT);
    }

    /** Bits a pixel: 4, 8, 15, 16, 24 or 32. */
    int depth() {
        int depth = get(Register.BPP);
        return switch (depth) {
            case 4, 8, 15, 16, 24, 32 -> depth;
            default -> 8;
        };
    }

    /** Bytes of video memory from one row to the next. */
    int pitch() {
        return rowBytes(Math.max(get(Register.VIRT_WIDTH), width()));
    }

    /** Bytes of video memory that {@code pixels} of one row take; 4-bit pixels lie in four planes of a byte each. */
    int rowBytes(int pixels) {
        return depth() == 4 ? (pixels + 7) / 8 * 4 : pixels * ((depth() + 7) / 8);
    }

    /** Where the top left pixel is; of 4-bit pixels, the one at the left end of its byte. */
    long start() {
        int x = get(Register.X_OFFSET);
        long across = depth() == 4 ? x / 8 * 4L : (long) x * ((depth() + 7) / 8);
        return (long) get(Register.Y_OFFSET) * pitch() + across;
    }

    /** Pixels to leave out at the left of a 4-bit picture. */
    int panning() {
        return depth() == 4 ? get(Register.X_OFFSET) & 7 : 0;
    }

    /** Where the window at A0000h begins in video memory. */
    long bankOffset() {
        return (long) get(Register.BANK) * BANK_SIZE;
    }

    int readIndex() {
        return index;
    }

    void writeIndex(int value) {
        index = value;
    }

    int readData() {
        return read(index);
    }

    void writeData(int value) {
        write(index, value);
    }

    int read(int register) {
        if (register < 0 || register >= registers.length) {
            return 0;
        }
        boolean capabilities = (get(Register.ENABLE) & GET_CAPABILITIES) != 0;
        return switch (Register.BY_INDEX[register]) {
            case XRES -> capabilities ? MAX_WIDTH : get(Register.XRES);
            case YRES -> capabilities ? MAX_HEIGHT : get(Register.YRES);
            case BPP -> capabilities ? MAX_DEPTH : get(Register.BPP);
            case VIRT_HEIGHT -> Math.min(0xFFFF, memory.size() / pitch());
            case VIDEO_MEMORY_64K -> memory.size() / BANK_SIZE;
            default -> registers[register];
        };
    }

    void write(int register, int value) {
        if (register < 0 || register >= registers.length) {
            return;
        }
        Register written = Register.BY_INDEX[register];
        switch (written) {
            case ID -> {
                if (value >= ID_FIRST && value <= ID_LAST) {
                    set(Register.ID, value);
                }
            }
            case XRES, YRES, BPP, VIRT_WIDTH, X_OFFSET, Y_OFFSET -> set(written, value);
            case BANK -> set(Register.BANK, value % (memory.size() / BANK_SIZE));
            case ENABLE -> enable(value & ENABLE_MASK);
            case VIRT_HEIGHT, VIDEO_MEMORY_64K -> {}
        }
        changed.run();
    }

    private void enable(int value) {
        boolean starts = (value & ENABLED) != 0 && !enabled();
        boolean stops = (value & ENABLED) == 0 && enabled();
        set(Register.ENABLE, value);
        if (starts || stops) {
            set(Register.BANK, 0);
        }
        if (starts) {
            set(Register.VIRT_WIDTH, width());
            set(Register.X_OFFSET, 0);
            set(Register.Y_OFFSET, 0);
            if ((value & NO_CLEAR) == 0) {
                memory.clear((long) height() * pitch());
            }
        }
    }

    void reset() {
        java.util.Arrays.fill(registers, 0);
        set(Register.ID, ID_LAST);
        index = 0;
    }

    State save() {
        return new State(registers.clone(), index);
    }

    void validate(State state) {
        InvalidStateException.require(state.registers().length == registers.length, "number of Bochs registers");
        for (int register : state.registers()) {
            InvalidStateException.require((register & ~0xFFFF) == 0, "Bochs display register");
        }
        InvalidStateException.require(
                (state.index() & ~0xFFFF) == 0
                        && (state.registers()[Register.ENABLE.ordinal()] & ~ENABLE_MASK) == 0
                        && state.registers()[Register.BANK.ordinal()] < memory.size() / BANK_SIZE,
                "Bochs display index, enable or bank");
    }

    void restore(State state) {
        System.arraycopy(state.registers(), 0, registers, 0, registers.length);
        index = state.index();
    }
}
