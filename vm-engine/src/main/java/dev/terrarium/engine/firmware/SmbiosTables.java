// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.firmware;

import java.nio.charset.StandardCharsets;
import java.util.UUID;

/** The SMBIOS tables of a machine, version 2.8, with their entry point (DMTF DSP0134). */
public final class SmbiosTables {
    private static final String MAKER = "Terrarium";
    private static final String PRODUCT = "Standard PC (i440FX + PIIX)";
    private static final int HANDLE_BIOS = 0x0000;
    private static final int HANDLE_SYSTEM = 0x0100;
    private static final int HANDLE_CHASSIS = 0x0300;
    private static final int HANDLE_PROCESSOR = 0x0400;
    private static final int HANDLE_ARRAY = 0x1000;
    private static final int HANDLE_DEVICE = 0x1100;
    private static final int HANDLE_RANGE = 0x1300;
    private static final int HANDLE_BOOT = 0x2000;
    private static final int HANDLE_END = 0x7F00;
    private static final int UNKNOWN = 2;
    private static final int OTHER = 1;
    private static final int NONE = 0xFFFE;
    private static final long GIB = 1L << 30;
    private static final int MAX_DEVICE_MIB = 0x7FFF;

    /**
     * What the tables must know of the machine.
     *
     * @param name shown as the system's serial number
     * @param processors how many sockets
     * @param lowMemory bytes of RAM below 4 GiB
     * @param highMemory bytes of RAM from 4 GiB on
     */
    public record Machine(String name, UUID uuid, int processors, long lowMemory, long highMemory) {}

    private final LittleEndian tables = LittleEndian.of(1024);
    private int count;
    private int longest;

    private SmbiosTables(Machine machine) {
        bios();
        system(machine);
        chassis();
        for (int i = 0; i < machine.processors(); i++) {
            processor(i);
        }
        memory(machine);
        add(32, HANDLE_BOOT, LittleEndian.of(16).zeros(7));
        add(127, HANDLE_END, LittleEndian.of(1));
    }

    /** Builds the tables for a machine. */
    public static SmbiosTables build(Machine machine) {
        return new SmbiosTables(machine);
    }

    /** Offers the tables to the BIOS. */
    public void addTo(FirmwareConfig config) {
        config.addFile("etc/smbios/smbios-tables", tables());
        config.addFile("etc/smbios/smbios-anchor", anchor());
    }

    /** The structures, one after the other. */
    public byte[] tables() {
        return tables.toByteArray();
    }

    /** The entry point; the BIOS puts in the tables' address and computes the checksums again. */
    public byte[] anchor() {
        byte[] anchor = LittleEndian.of(31)
                .text("_SM_", 4, ' ')
                .u8(0)
                .u8(31)
                .u8(2)
                .u8(8)
                .u16(longest)
                .u8(0)
                .zeros(5)
                .text("_DMI_", 5, ' ')
                .u8(0)
                .u16(tables.size())
                .u32(0)
                .u16(count)
                .u8(0x28)
                .toByteArray();
        anchor[21] = LittleEndian.checksum(anchor, 16, 31);
        anchor[4] = LittleEndian.checksum(anchor, 0, 31);
        return anchor;
    }

    private void add(int type, int handle, LittleEndian body, String... strings) {
        LittleEndian structure =
                LittleEndian.of(128).u8(type).u8(4 + body.size()).u16(handle).bytes(body.toByteArray());
        for (String string : strings) {
            structure.bytes(string.getBytes(StandardCharsets.US_ASCII)).u8(0);
        }
        structure.zeros(strings.length == 0 ? 2 : 1);
        tables.bytes(structure.toByteArray());
        count++;
        longest = Math.max(longest, structure.size());
    }

    private void bios() {
        LittleEndian body = LittleEndian.of(20)
                .u8(1)
                .u8(2)
                .u16(0xE800)
                .u8(3)
                .u8(0)
                // BIOS characteristics are not supported; the virtual machine bit and ACPI are set.
                .u64(0x08)
                .u8(0x01)
                .u8(0x14)
                .u8(0)
                .u8(0)
                .u8(0xFF)
                .u8(0xFF);
        add(0, HANDLE_BIOS, body, "SeaBIOS", "1", "04/01/2014");
    }

    private void system(Machine machine) {
        UUID uuid = machine.uuid();
        long high = uuid.getMostSignificantBits();
        LittleEndian body = LittleEndian.of(23)
                .u8(1)
                .u8(2)
                .u8(3)
                .u8(4)
                .u32(high >>> 32)
                .u16((int) (high >>> 16))
                .u16((int) high)
                .u64(Long.reverseBytes(uuid.getLeastSignificantBits()))
                .u8(6)
                .u8(0)
                .u8(0);
        add(1, HANDLE_SYSTEM, body, MAKER, PRODUCT, "1", machine.name().isBlank() ? "-" : machine.name());
    }

    private void chassis() {
        LittleEndian body = LittleEndian.of(18)
                .u8(1)
                .u8(OTHER)
                .u8(0)
                .u8(0)
                .u8(0)
                .u8(3)
                .u8(3)
                .u8(3)
                .u8(UNKNOWN)
                .u32(0)
                .u8(0)
                .u8(0)
                .u8(0)
                .u8(0)
                .u8(0);
        add(3, HANDLE_CHASSIS, body, MAKER);
    }

    private void processor(int index) {
        LittleEndian body = LittleEndian.of(38)
                .u8(1)
                .u8(3)
                .u8(OTHER)
                .u8(2)
                .u64(0)
                .u8(0)
                .u8(0)
                .u16(0)
                .u16(0)
                .u16(0)
                .u8(0x41)
                .u8(OTHER)
                .u16(0xFFFF)
                .u16(0xFFFF)
                .u16(0xFFFF)
                .u8(0)
                .u8(0)
                .u8(0)
                .u8(1)
                .u8(1)
                .u8(1)
                .u16(4)
                .u16(OTHER);
        add(4, HANDLE_PROCESSOR + index, body, "CPU " + index, MAKER);
    }

    private void memory(Machine machine) {
        long total = machine.lowMemory() + machine.highMemory();
        long mib = total >> 20;
        int devices = (int) Math.max(1, (total + 16 * GIB - 1) / (16 * GIB));
        LittleEndian array = LittleEndian.of(11)
                .u8(OTHER)
                .u8(3)
                .u8(6)
                .u32(Math.min(total >> 10, 0x7FFF_FFFFL))
                .u16(NONE)
                .u16(devices);
        add(16, HANDLE_ARRAY, array);
        for (int i = 0; i < devices; i++) {
            long size = Math.min(mib - 16L * 1024 * i, 16L * 1024);
            LittleEndian device = LittleEndian.of(24)
                    .u16(HANDLE_ARRAY)
                    .u16(NONE)
                    .u16(0xFFFF)
                    .u16(0xFFFF)
                    .u16((int) Math.min(size, MAX_DEVICE_MIB))
                    .u8(9)
                    .u8(0)
                    .u8(1)
                    .u8(0)
                    .u8(7)
                    .u16(UNKNOWN)
                    .zeros(2)
                    .u8(2)
                    .zeros(3);
            add(17, HANDLE_DEVICE + i, device, "DIMM " + i, MAKER);
        }
        range(0, 0, machine.lowMemory());
        if (machine.highMemory() > 0) {
            range(1, 4 * GIB, machine.highMemory());
        }
    }

    private void range(int index, long start, long length) {
        LittleEndian body = LittleEndian.of(11)
                .u32(start >> 10)
                .u32((start + length - 1) >> 10)
                .u16(HANDLE_ARRAY)
                .u8(1);
        add(19, HANDLE_RANGE + index, body);
    }
}
