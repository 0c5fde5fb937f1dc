// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.chipset;

import dev.terrarium.engine.device.ByteRegisters;
import dev.terrarium.engine.device.StateCheck;
import java.util.Arrays;

/** The registers of one 8237A DMA controller (Intel data sheet 231466); nothing asks it for transfers. */
final class DmaController implements ByteRegisters {
    static final int PORTS = 16;

    private static final int CHANNELS = 4;
    private static final int CHANNEL_REGISTERS = 8;
    private static final int STATUS_COMMAND = 8;
    private static final int REQUEST = 9;
    private static final int SINGLE_MASK = 10;
    private static final int MODE = 11;
    private static final int CLEAR_FLIP_FLOP = 12;
    private static final int TEMPORARY_MASTER_CLEAR = 13;
    private static final int CLEAR_MASK = 14;
    private static final int ALL_MASK = 15;

    private static final int MASK_SET = 0x04;
    private static final int ALL_CHANNELS = 0x0F;

    /** Addresses and counts, alternating, as programmed and as they are now; and the common registers. */
    record State(int[] base, int[] current, int[] modes, boolean high, int mask, int status, int command) {}

    private final int[] base = new int[CHANNEL_REGISTERS];
    private final int[] current = new int[CHANNEL_REGISTERS];
    private final int[] modes = new int[CHANNELS];
    private boolean high;
    private int mask = ALL_CHANNELS;
    private int status;
    private int command;

    void reset() {
        Arrays.fill(base, 0);
        Arrays.fill(current, 0);
        Arrays.fill(modes, 0);
        masterClear();
    }

    private void masterClear() {
        high = false;
        mask = ALL_CHANNELS;
        status = 0;
        command = 0;
    }

    @Override
    public int readByte(int offset) {
        if (offset >= 0 && offset < CHANNEL_REGISTERS) {
            int value = high ? current[offset] >> 8 : current[offset] & 0xFF;
            high = !high;
            return value;
        }
        return switch (offset) {
            case STATUS_COMMAND -> {
                int read = status;
                status &= ~ALL_CHANNELS;
                yield read;
            }
            case TEMPORARY_MASTER_CLEAR -> 0;
            case ALL_MASK -> mask | 0xF0;
            default -> 0xFF;
        };
    }

    @Override
    public void writeByte(int offset, int value) {
        if (offset >= 0 && offset < CHANNEL_REGISTERS) {
            base[offset] = high ? base[offset] & 0xFF | value << 8 : base[offset] & 0xFF00 | value;
            current[offset] = base[offset];
            high = !high;
            return;
        }
        int channel = value & CHANNELS - 1;
        switch (offset) {
            case STATUS_COMMAND -> command = value;
            case REQUEST -> {
                int request = 0x10 << channel;
                status = (value & MASK_SET) != 0 ? status | request : status & ~request;
            }
            case SINGLE_MASK -> mask = (value & MASK_SET) != 0 ? mask | 1 << channel : mask & ~(1 << channel);
            case MODE -> modes[channel] = value;
            case CLEAR_FLIP_FLOP -> high = false;
            case TEMPORARY_MASTER_CLEAR -> masterClear();
            case CLEAR_MASK -> mask = 0;
            case ALL_MASK -> mask = value & ALL_CHANNELS;
            default -> {}
        }
    }

    State save() {
        return new State(base.clone(), current.clone(), modes.clone(), high, mask, status, command);
    }

    static void check(State state) {
        StateCheck.elements("base", state.base, CHANNEL_REGISTERS, 0, 0xFFFF);
        StateCheck.elements("current", state.current, CHANNEL_REGISTERS, 0, 0xFFFF);
        StateCheck.elements("modes", state.modes, CHANNELS, 0, 0xFF);
        StateCheck.bits("mask", state.mask, ALL_CHANNELS);
        StateCheck.bits("status", state.status, 0xFF);
        StateCheck.bits("command", state.command, 0xFF);
    }

    void restore(State state) {
        System.arraycopy(state.base, 0, base, 0, base.length);
        System.arraycopy(state.current, 0, current, 0, current.length);
        System.arraycopy(state.modes, 0, modes, 0, modes.length);
        high = state.high;
        mask = state.mask;
        status = state.status;
        command = state.command;
    }
}
