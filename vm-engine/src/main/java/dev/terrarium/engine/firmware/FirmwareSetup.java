// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.firmware;

import dev.terrarium.engine.firmware.FirmwareConfig.Item;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.UUID;

/** Everything that SeaBIOS asks of the firmware configuration device, filled in for one machine. */
public final class FirmwareSetup {
    /** SeaBIOS waits for ever, rather than starting again, when nothing can be booted. */
    private static final int WAIT_FOR_EVER = -1;

    private FirmwareSetup() {}

    /**
     * Describes a machine to its firmware.
     *
     * @param bootMenu whether the BIOS offers its boot menu for a moment
     */
    public record Machine(String name, UUID uuid, int processors, MemoryMap memory, boolean hpet, boolean bootMenu) {}

    /**
     * Tells the BIOS what to boot. It reads this at every start.
     *
     * @param lines made by {@link BootOrder}, first choice first
     */
    public static void setBootOrder(FirmwareConfig config, List<String> lines) {
        if (!lines.isEmpty()) {
            config.addFile("bootorder", (String.join("\n", lines) + "\n\0").getBytes(StandardCharsets.US_ASCII));
        }
    }

    /** Fills {@code config}. */
    public static void fill(FirmwareConfig config, Machine machine) {
        MemoryMap memory = machine.memory();
        ByteBuffer uuid = ByteBuffer.allocate(16)
                .putLong(machine.uuid().getMostSignificantBits())
                .putLong(machine.uuid().getLeastSignificantBits());
        config.set(Item.UUID, uuid.array());
        config.setLong(Item.RAM_SIZE, memory.low() + memory.high());
        config.setShort(Item.NO_GRAPHIC, 0);
        config.setShort(Item.CPU_COUNT, machine.processors());
        config.setShort(Item.MAX_CPUS, machine.processors());
        config.setShort(Item.BOOT_MENU, machine.bootMenu() ? 1 : 0);
        config.setInt(Item.IRQ0_OVERRIDE, 1);
        config.addFile("etc/e820", memory.e820());
        config.addFile(
                "etc/boot-fail-wait", LittleEndian.of(4).u32(WAIT_FOR_EVER).toByteArray());
        AcpiTables.build(new AcpiTables.Board(machine.processors(), memory.low(), machine.hpet()))
                .addTo(config);
        SmbiosTables.build(new SmbiosTables.Machine(
                        machine.name(), machine.uuid(), machine.processors(), memory.low(), memory.high()))
                .addTo(config);
    }
}
