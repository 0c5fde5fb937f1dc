// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.storage;

import dev.terrarium.engine.device.DeviceMemory;
import dev.terrarium.engine.device.InterruptLine;
import dev.terrarium.engine.device.chipset.PciFunction;
import dev.terrarium.engine.device.chipset.PciIdentity;
import dev.terrarium.engine.device.chipset.PciState;
import java.util.List;
import java.util.Optional;

/**
 * The PIIX3's IDE function with its two channels at their legacy ports and interrupts: device 1, function 1 of the board
 * (Intel 290550, 2.3).
 */
public final class PciIde extends PciFunction<PciIde.State> {
    private static final PciIdentity IDENTITY = new PciIdentity(0x8086, 0x7010, 0x00, 0x010180, 0x1AF4, 0x1100);

    private static final int IDE_TIMING = 0x40;
    private static final int SLAVE_TIMING = 0x44;
    private static final int STATUS_DEFAULT = 0x0280;
    private static final int BUS_MASTER_BAR = 4;

    private static final int PRIMARY_COMMAND = 0x1F0;
    private static final int PRIMARY_CONTROL = 0x3F6;
    private static final int SECONDARY_COMMAND = 0x170;
    private static final int SECONDARY_CONTROL = 0x376;
    private static final int COMMAND_PORTS = 8;
    private static final int CONTROL_PORTS = 1;

    /** The configuration space, the channels and their bus master. */
    public record State(
            PciState pci, IdeChannelState primary, IdeChannelState secondary, BusMasterIde.State busMaster) {}

    private final IdeChannel primary;
    private final IdeChannel secondary;
    private final BusMasterIde busMaster;

    /**
     * Makes the controller with its drives. It maps its legacy ports by itself when it is attached to the bus.
     *
     * @param irq14 the primary channel's interrupt, {@code irq15} the secondary's
     * @param drives primary master, primary slave, secondary master, secondary slave
     */
    public PciIde(DeviceMemory memory, InterruptLine irq14, InterruptLine irq15, List<Optional<IdeDrive>> drives) {
        super("ide", IDENTITY);
        primary = new IdeChannel("ide0", irq14, drives.get(0), drives.get(1));
        secondary = new IdeChannel("ide1", irq15, drives.get(2), drives.get(3));
        busMaster = new BusMasterIde("ide-dma", memory, primary, secondary);
        configDefault(STATUS, 2, STATUS_DEFAULT);
        configWritable(IDE_TIMING, 4, -1);
        configWritable(SLAVE_TIMING, 1, 0xFF);
        ioBar(BUS_MASTER_BAR, BusMasterIde.PORTS, busMaster.registers());
        ioDecoder(COMMAND_PORTS, primary.commandBlock(), () -> PRIMARY_COMMAND);
        ioDecoder(CONTROL_PORTS, primary.controlBlock(), () -> PRIMARY_CONTROL);
        ioDecoder(COMMAND_PORTS, secondary.commandBlock(), () -> SECONDARY_COMMAND);
        ioDecoder(CONTROL_PORTS, secondary.controlBlock(), () -> SECONDARY_CONTROL);
    }

    @Override
    public void reset() {
        resetPci();
        primary.reset();
        secondary.reset();
        busMaster.reset();
    }

    @Override
    public State save() {
        return new State(savePci(), primary.save(), secondary.save(), busMaster.save());
    }

    @Override
    public void restore(State state) {
        checkPci(state.pci);
        primary.check(state.primary);
        secondary.check(state.secondary);
        busMaster.check(state.busMaster);
        restorePci(state.pci);
        busMaster.restore(state.busMaster);
        primary.restore(state.primary);
        secondary.restore(state.secondary);
    }
}
