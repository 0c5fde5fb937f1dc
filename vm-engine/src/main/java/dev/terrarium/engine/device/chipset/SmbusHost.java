// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.chipset;

import dev.terrarium.engine.device.ByteRegisters;
import dev.terrarium.engine.device.StateCheck;
import java.util.Arrays;

/** The PIIX4's SMBus host controller (Intel data sheet 290562, section 7.3) on a bus without devices. */
final class SmbusHost implements ByteRegisters {
    static final int PORTS = 16;

    private static final int HOST_STATUS = 0;
    private static final int HOST_STATUS_CLEARABLE = 0x1E;
    private static final int HOST_STATUS_DEVICE_ERROR = 0x04;
    private static final int HOST_CONTROL = 2;
    private static final int HOST_CONTROL_START = 0x40;
    private static final int BLOCK_DATA = 7;

    private final byte[] registers = new byte[PORTS];

    void reset() {
        Arrays.fill(registers, (byte) 0);
    }

    @Override
    public int readByte(int offset) {
        return offset >= 0 && offset < PORTS ? registers[offset] & 0xFF : 0xFF;
    }

    @Override
    public void writeByte(int offset, int value) {
        switch (offset) {
            case HOST_STATUS -> registers[HOST_STATUS] &= (byte) ~(value & HOST_STATUS_CLEARABLE);
            case HOST_CONTROL -> {
                registers[HOST_CONTROL] = (byte) (value & ~HOST_CONTROL_START);
                if ((value & HOST_CONTROL_START) != 0) {
                    registers[HOST_STATUS] |= HOST_STATUS_DEVICE_ERROR;
                }
            }
            default -> {
                if (offset > HOST_STATUS && offset <= BLOCK_DATA) {
                    registers[offset] = (byte) value;
                }
            }
        }
    }

    byte[] save() {
        return registers.clone();
    }

    static void check(byte[] state) {
        StateCheck.length("smbus", state.length, PORTS);
    }

    void restore(byte[] state) {
        System.arraycopy(state, 0, registers, 0, PORTS);
    }
}
