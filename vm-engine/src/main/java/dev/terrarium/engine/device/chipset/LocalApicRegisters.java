// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.chipset;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * A local APIC's state as its page of registers (Intel SDM volume 3, table 11-1), in which hypervisors exchange it. Errors that were
 * noted but not yet shown in the error status register are not in there.
 */
final class LocalApicRegisters {
    static final int BYTES = 1024;

    private static final int SPACING = 16;
    private static final int ID = 0x02;
    private static final int VERSION = 0x03;
    private static final int TPR = 0x08;
    private static final int LDR = 0x0D;
    private static final int DFR = 0x0E;
    private static final int SVR = 0x0F;
    private static final int ISR = 0x10;
    private static final int TMR = 0x18;
    private static final int IRR = 0x20;
    private static final int ESR = 0x28;
    private static final int ICR_LOW = 0x30;
    private static final int ICR_HIGH = 0x31;
    private static final int LVT = 0x32;
    private static final int INITIAL_COUNT = 0x38;
    private static final int CURRENT_COUNT = 0x39;
    private static final int DIVIDE = 0x3E;

    private final ByteBuffer page;

    private LocalApicRegisters(byte[] bytes) {
        page = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private int get(int register) {
        return page.getInt(register * SPACING);
    }

    private void put(int register, int value) {
        page.putInt(register * SPACING, value);
    }

    private void put(int register, int[] values) {
        for (int i = 0; i < values.length; i++) {
            put(register + i, values[i]);
        }
    }

    private int[] get(int register, int count, int mask) {
        int[] values = new int[count];
        for (int i = 0; i < count; i++) {
            values[i] = get(register + i) & mask;
        }
        return values;
    }

    /** @param currentCount what the timer's count is now */
    static byte[] of(LocalApic.State state, int version, int currentCount) {
        byte[] bytes = new byte[BYTES];
        LocalApicRegisters registers = new LocalApicRegisters(bytes);
        registers.put(ID, state.id() << 24);
        registers.put(VERSION, version);
        registers.put(TPR, state.tpr());
        registers.put(LDR, state.ldr());
        registers.put(DFR, state.dfr());
        registers.put(SVR, state.svr());
        registers.put(ISR, state.isr());
        registers.put(TMR, state.tmr());
        registers.put(IRR, state.irr());
        registers.put(ESR, state.esr());
        registers.put(ICR_LOW, state.icrLow());
        registers.put(ICR_HIGH, state.icrHigh());
        registers.put(LVT, state.lvt());
        registers.put(INITIAL_COUNT, state.timer().initialCount());
        registers.put(CURRENT_COUNT, currentCount);
        registers.put(DIVIDE, state.timer().divide());
        return bytes;
    }

    /**
     * The state of a page of registers.
     *
     * @param before gives what is not in the registers: the levels of the pins, and messages
     * @param writable the bits that the local vector table's entries have
     * @param now the board's time
     */
    static LocalApic.State state(
            byte[] bytes,
            LocalApic.State before,
            long base,
            boolean waitingForStartup,
            boolean nonMaskable,
            int[] writable,
            long now) {
        LocalApicRegisters registers = new LocalApicRegisters(bytes);
        int[] lvt = registers.get(LVT, writable.length, -1);
        for (int i = 0; i < lvt.length; i++) {
            lvt[i] &= writable[i];
        }
        int[] requested = registers.get(IRR, VectorSet.WORDS, -1);
        int[] inService = registers.get(ISR, VectorSet.WORDS, -1);
        int[] triggers = registers.get(TMR, VectorSet.WORDS, -1);
        for (int[] each : Arrays.asList(requested, inService, triggers)) {
            each[0] &= -1 << VectorSet.FIRST_LEGAL;
        }
        return new LocalApic.State(
                base,
                registers.get(ID) >>> 24,
                registers.get(TPR) & 0xFF,
                registers.get(LDR) & 0xFF00_0000,
                registers.get(DFR) | 0x0FFF_FFFF,
                registers.get(SVR) & 0x3FF,
                inService,
                triggers,
                requested,
                registers.get(ESR) & 0xE0,
                0,
                registers.get(ICR_LOW) & 0xCCFFF,
                registers.get(ICR_HIGH) & 0xFF00_0000,
                lvt,
                ApicTimer.State.counting(
                        registers.get(INITIAL_COUNT),
                        registers.get(CURRENT_COUNT),
                        registers.get(DIVIDE),
                        (lvt[0] & LocalApic.LVT_PERIODIC) != 0,
                        now),
                before.lint0(),
                before.lint1(),
                before.external(),
                nonMaskable | before.nonMaskable(),
                before.init(),
                before.startup(),
                waitingForStartup,
                before.startupVector());
    }
}
