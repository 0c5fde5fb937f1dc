// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.chipset;

/** The 82441FX host bridge, device 0 of the bus (Intel data sheet 290549). */
public final class HostBridge extends PciFunction<HostBridge.State> {
    private static final PciIdentity IDENTITY = new PciIdentity(0x8086, 0x1237, 0x02, 0x060000, 0x1AF4, 0x1100);

    private static final int PAM_FIRST = 0x59;
    private static final int PAM_COUNT = 7;
    private static final int PAM_WRITABLE = 0x33;
    private static final int PAM_READ_ENABLE = 0x01;
    private static final int PAM_WRITE_ENABLE = 0x02;
    private static final int DRAM_ROW_BOUNDARIES = 0x60;
    private static final int SMRAM_CONTROL = 0x72;
    private static final int SMRAM_POWER_ON = 0x02;

    private static final int BIOS_BASE = 0xF0000;
    private static final int BIOS_SIZE = 0x10000;
    private static final int EXPANSION_BASE = 0xC0000;
    private static final int EXPANSION_SEGMENT = 0x4000;

    /** The bridge's configuration space. */
    public record State(PciState pci) {}

    private final ShadowMemory shadow;
    private final byte[] applied = new byte[PAM_COUNT];

    public HostBridge(ShadowMemory shadow) {
        super("host-bridge", IDENTITY);
        this.shadow = shadow;
        configWritable(0x50, 4, -1);
        configWritable(0x54, 4, -1);
        configWritable(0x58, 1, 0xFF);
        for (int i = 0; i < PAM_COUNT; i++) {
            configWritable(PAM_FIRST + i, 1, PAM_WRITABLE);
        }
        configWritable(DRAM_ROW_BOUNDARIES, 4, -1);
        configWritable(DRAM_ROW_BOUNDARIES + 4, 4, -1);
        configWritable(0x68, 4, -1);
        configDefault(SMRAM_CONTROL, 1, SMRAM_POWER_ON);
        configWritable(SMRAM_CONTROL, 1, 0x7F);
    }

    /** The system management RAM control register, stored for its readers. */
    public int smramControl() {
        return config(SMRAM_CONTROL, 1);
    }

    @Override
    protected void configWritten(int offset, int size) {
        if (offset < PAM_FIRST + PAM_COUNT && offset + size > PAM_FIRST) {
            shadow(false);
        }
    }

    private void shadow(boolean all) {
        for (int i = 0; i < PAM_COUNT; i++) {
            int register = config(PAM_FIRST + i, 1);
            if (!all && applied[i] == (byte) register) {
                continue;
            }
            applied[i] = (byte) register;
            if (i == 0) {
                shadow(BIOS_BASE, BIOS_SIZE, register >> 4);
            } else {
                int base = EXPANSION_BASE + 2 * (i - 1) * EXPANSION_SEGMENT;
                shadow(base, EXPANSION_SEGMENT, register & 0xF);
                shadow(base + EXPANSION_SEGMENT, EXPANSION_SEGMENT, register >> 4);
            }
        }
    }

    private void shadow(int base, int size, int attributes) {
        shadow.set(base, size, (attributes & PAM_READ_ENABLE) != 0, (attributes & PAM_WRITE_ENABLE) != 0);
    }

    @Override
    public void reset() {
        resetPci();
        shadow(true);
    }

    @Override
    public State save() {
        return new State(savePci());
    }

    @Override
    public void restore(State state) {
        checkPci(state.pci);
        restorePci(state.pci);
        shadow(true);
    }
}
