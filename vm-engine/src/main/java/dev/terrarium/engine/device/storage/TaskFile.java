// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.storage;

import dev.terrarium.engine.device.InvalidStateException;

/**
 * A drive's parameter registers. Each keeps the value written before the last one, which 48-bit commands take as the
 * high-order byte (ATA/ATAPI-7 volume 1, 4.16).
 */
final class TaskFile {
    /** The Device register's bits. */
    static final int DEVICE_LBA = 0x40;

    static final int DEVICE_DEV = 0x10;
    static final int DEVICE_HEAD = 0x0F;

    /** The registers, low bytes and previous bytes in the order features, count, LBA low, mid, high; then device. */
    record State(int[] current, int[] previous, int device, int error) {}

    /** A register that has a previous value. */
    enum Register {
        FEATURES,
        COUNT,
        LBA_LOW,
        LBA_MID,
        LBA_HIGH
    }

    private static final int REGISTERS = Register.values().length;

    private final int[] current = new int[REGISTERS];
    private final int[] previous = new int[REGISTERS];
    private int device;
    private int error;

    int get(Register register) {
        return current[register.ordinal()];
    }

    int previous(Register register) {
        return previous[register.ordinal()];
    }

    /** Writes as the host does: the old value becomes the previous one. */
    void write(Register register, int value) {
        previous[register.ordinal()] = current[register.ordinal()];
        current[register.ordinal()] = value & 0xFF;
    }

    /** Changes the value as the drive does, leaving the previous one. */
    void set(Register register, int value) {
        current[register.ordinal()] = value & 0xFF;
    }

    void setPrevious(Register register, int value) {
        previous[register.ordinal()] = value & 0xFF;
    }

    int device() {
        return device;
    }

    void setDevice(int value) {
        device = value & 0xFF;
    }

    boolean lbaMode() {
        return (device & DEVICE_LBA) != 0;
    }

    int error() {
        return error;
    }

    void setError(int value) {
        error = value & 0xFF;
    }

    /** The 28-bit address in the registers, or the cylinder, head and sector that they mean. */
    long lba28() {
        return get(Register.LBA_LOW)
                | (long) get(Register.LBA_MID) << 8
                | (long) get(Register.LBA_HIGH) << 16
                | (long) (device & DEVICE_HEAD) << 24;
    }

    long lba48() {
        return get(Register.LBA_LOW)
                | (long) get(Register.LBA_MID) << 8
                | (long) get(Register.LBA_HIGH) << 16
                | (long) previous(Register.LBA_LOW) << 24
                | (long) previous(Register.LBA_MID) << 32
                | (long) previous(Register.LBA_HIGH) << 40;
    }

    void setLba28(long lba) {
        set(Register.LBA_LOW, (int) lba);
        set(Register.LBA_MID, (int) (lba >> 8));
        set(Register.LBA_HIGH, (int) (lba >> 16));
        device = device & ~DEVICE_HEAD | (int) (lba >> 24) & DEVICE_HEAD;
    }

    void setLba48(long lba) {
        set(Register.LBA_LOW, (int) lba);
        set(Register.LBA_MID, (int) (lba >> 8));
        set(Register.LBA_HIGH, (int) (lba >> 16));
        setPrevious(Register.LBA_LOW, (int) (lba >> 24));
        setPrevious(Register.LBA_MID, (int) (lba >> 32));
        setPrevious(Register.LBA_HIGH, (int) (lba >> 40));
    }

    /** ATAPI's byte count, in the LBA mid and high registers. */
    int byteCount() {
        return get(Register.LBA_MID) | get(Register.LBA_HIGH) << 8;
    }

    void setByteCount(int value) {
        set(Register.LBA_MID, value);
        set(Register.LBA_HIGH, value >> 8);
    }

    /** Writes the signature of a drive that has been reset. */
    void setSignature(int lbaMid, int lbaHigh) {
        set(Register.COUNT, 1);
        set(Register.LBA_LOW, 1);
        set(Register.LBA_MID, lbaMid);
        set(Register.LBA_HIGH, lbaHigh);
        for (Register register : Register.values()) {
            setPrevious(register, 0);
        }
        device &= DEVICE_DEV;
    }

    State save() {
        return new State(current.clone(), previous.clone(), device, error);
    }

    static void validate(State state) {
        InvalidStateException.require(
                state.current().length == REGISTERS && state.previous().length == REGISTERS, "IDE task file length");
        for (int i = 0; i < REGISTERS; i++) {
            InvalidStateException.require(
                    ((state.current()[i] | state.previous()[i]) & ~0xFF) == 0, "IDE task file register");
        }
        InvalidStateException.require(((state.device() | state.error()) & ~0xFF) == 0, "IDE device or error register");
    }

    void restore(State state) {
        System.arraycopy(state.current(), 0, current, 0, REGISTERS);
        System.arraycopy(state.previous(), 0, previous, 0, REGISTERS);
        device = state.device();
        error = state.error();
    }
}
