// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.firmware;

import java.util.ArrayList;
import java.util.List;

/**
 * The ACPI tables of the i440FX board, with the script that loads them. All pointers between them are offsets into
 * {@link #tables}, which the BIOS makes into addresses.
 */
public final class AcpiTables {
    private static final String TABLES = "etc/acpi/tables";
    private static final String RSDP = "etc/acpi/rsdp";
    private static final String LOADER = "etc/table-loader";

    private static final String OEM = "TERRAR";
    private static final String OEM_TABLE = "TERRARIU";
    private static final int HEADER = 36;
    private static final int HEADER_CHECKSUM = 9;

    private static final long PM1_EVENT = 0x600;
    private static final long PM1_CONTROL = 0x604;
    private static final long PM_TIMER = 0x608;
    private static final long GPE0 = 0xAFE0;
    private static final long RESET_PORT = 0xCF9;
    private static final int RESET_VALUE = 0x0F;
    private static final int SMI_COMMAND = 0xB2;
    private static final int ACPI_ENABLE = 0xF1;
    private static final int ACPI_DISABLE = 0xF0;
    private static final int SCI = 9;
    private static final int CMOS_CENTURY = 0x32;

    private static final int FADT_WBINVD = 1;
    private static final int FADT_PROC_C1 = 1 << 2;
    private static final int FADT_NO_SLEEP_BUTTON = 1 << 5;
    private static final int FADT_RTC_S4 = 1 << 7;
    private static final int FADT_RESET_REGISTER = 1 << 10;

    private static final int BOOT_LEGACY_DEVICES = 1;
    private static final int BOOT_8042 = 2;

    private static final long LOCAL_APIC = 0xFEE0_0000L;
    private static final long IO_APIC = 0xFEC0_0000L;
    private static final long HPET = 0xFED0_0000L;
    private static final int LEVEL_ACTIVE_HIGH = 0x0D;

    /**
     * What the tables must know of the board.
     *
     * @param processors how many there are; their APIC ids are 0 and up
     * @param lowMemory where RAM below 4 GiB ends and the PCI window may begin
     * @param hpet whether there is a high precision event timer at 0xFED00000
     */
    public record Board(int processors, long lowMemory, boolean hpet) {}

    private final LittleEndian tables = LittleEndian.of(8192);
    private final TableLoader loader = new TableLoader();
    private final List<Integer> listed = new ArrayList<>();
    private final byte[] rsdp;

    private AcpiTables(Board board) {
        loader.allocate(TABLES, 64, TableLoader.ZONE_HIGH).allocate(RSDP, 16, TableLoader.ZONE_F_SEGMENT);
        int facs = add(facs());
        int dsdt = addTable("DSDT", 2, Dsdt.terms(board));
        int fadt = addTable("FACP", 3, fadt(facs, dsdt));
        pointer(fadt + 36, 4);
        pointer(fadt + 40, 4);
        pointer(fadt + 140, 8);
        listed.add(fadt);
        listed.add(addTable("APIC", 3, madt(board)));
        if (board.hpet()) {
            listed.add(addTable("HPET", 1, hpet()));
        }
        int rsdt = addRoot("RSDT", 4);
        int xsdt = addRoot("XSDT", 8);
        rsdp = rsdp(rsdt, xsdt);
        checksums();
    }

    /** Builds the tables for a board. */
    public static AcpiTables build(Board board) {
        return new AcpiTables(board);
    }

    /** Offers the tables to the BIOS. */
    public void addTo(FirmwareConfig config) {
        config.addFile(TABLES, tables());
        config.addFile(RSDP, rsdp());
        config.addFile(LOADER, script());
    }

    /** All tables but the root pointer. */
    public byte[] tables() {
        return tables.toByteArray();
    }

    /** The root pointer. */
    public byte[] rsdp() {
        return rsdp.clone();
    }

    /** The loader script. */
    public byte[] script() {
        return loader.toByteArray();
    }

    private int add(byte[] table) {
        tables.alignTo(64);
        int at = tables.size();
        tables.bytes(table);
        return at;
    }

    private final List<int[]> checksummed = new ArrayList<>();

    private int addTable(String signature, int revision, byte[] body) {
        LittleEndian table = LittleEndian.of(HEADER + body.length)
                .text(signature, 4, ' ')
                .u32(HEADER + body.length)
                .u8(revision)
                .u8(0)
                .text(OEM, 6, ' ')
                .text(OEM_TABLE, 8, ' ')
                .u32(1)
                .text("TERR", 4, ' ')
                .u32(1)
                .bytes(body);
        int at = add(table.toByteArray());
        checksummed.add(new int[] {at, table.size()});
        return at;
    }

    private int addRoot(String signature, int pointerSize) {
        LittleEndian body = LittleEndian.of(32);
        for (int table : listed) {
            body.u32(table).zeros(pointerSize - 4);
        }
        int at = addTable(signature, 1, body.toByteArray());
        for (int i = 0; i < listed.size(); i++) {
            pointer(at + HEADER + i * pointerSize, pointerSize);
        }
        return at;
    }

    private void pointer(int at, int size) {
        loader.addPointer(TABLES, TABLES, at, size);
    }

    /** Checksums come last in the script: pointers must have been patched before. */
    private void checksums() {
        loader.addPointer(RSDP, TABLES, 16, 4).addPointer(RSDP, TABLES, 24, 8);
        for (int[] table : checksummed) {
            loader.addChecksum(TABLES, table[0] + HEADER_CHECKSUM, table[0], table[1]);
        }
        loader.addChecksum(RSDP, 8, 0, 20).addChecksum(RSDP, 32, 0, 36);
    }

    private static byte[] rsdp(int rsdt, int xsdt) {
        return LittleEndian.of(36)
                .text("RSD PTR ", 8, ' ')
                .u8(0)
                .text(OEM, 6, ' ')
                .u8(2)
                .u32(rsdt)
                .u32(36)
                .u64(xsdt)
                .u8(0)
                .zeros(3)
                .toByteArray();
    }

    private static byte[] facs() {
        return LittleEndian.of(64)
                .text("FACS", 4, ' ')
                .u32(64)
                .zeros(24)
                .u8(1)
                .alignTo(64)
                .toByteArray();
    }

    private static void port(LittleEndian table, long address, int bits, int accessSize) {
        table.u8(1).u8(bits).u8(0).u8(accessSize).u64(address);
    }

    /** Fixed ACPI Description Table, revision 3 (ACPI 2.0, 5.2.8): 244 bytes with its header. */
    private static byte[] fadt(int facs, int dsdt) {
        LittleEndian table = LittleEndian.of(244)
                .u32(facs)
                .u32(dsdt)
                .u8(0)
                .u8(0)
                .u16(SCI)
                .u32(SMI_COMMAND)
                .u8(ACPI_ENABLE)
                .u8(ACPI_DISABLE)
                .u8(0)
                .u8(0)
                .u32(PM1_EVENT)
                .u32(0)
                .u32(PM1_CONTROL)
                .u32(0)
                .u32(0)
                .u32(PM_TIMER)
                .u32(GPE0)
                .u32(0)
                .u8(4)
                .u8(2)
                .u8(0)
                .u8(4)
                .u8(4)
                .u8(0)
                .u8(0)
                .u8(0)
                .u16(0xFFF)
                .u16(0xFFF)
                .u16(0)
                .u16(0)
                .u8(0)
                .u8(0)
                .u8(0)
                .u8(0)
                .u8(CMOS_CENTURY)
                .u16(BOOT_LEGACY_DEVICES | BOOT_8042)
                .u8(0)
                .u32(FADT_WBINVD | FADT_PROC_C1 | FADT_NO_SLEEP_BUTTON | FADT_RTC_S4 | FADT_RESET_REGISTER);
        port(table, RESET_PORT, 8, 1);
        table.u8(RESET_VALUE).zeros(3).u64(0).u64(dsdt);
        port(table, PM1_EVENT, 32, 2);
        table.zeros(12);
        port(table, PM1_CONTROL, 16, 2);
        table.zeros(12);
        table.zeros(12);
        port(table, PM_TIMER, 32, 3);
        port(table, GPE0, 32, 1);
        table.zeros(12);
        return table.toByteArray();
    }

    private static byte[] madt(Board board) {
        LittleEndian table = LittleEndian.of(256).u32(LOCAL_APIC).u32(1);
        for (int i = 0; i < board.processors(); i++) {
            table.u8(0).u8(8).u8(i).u8(i).u32(1);
        }
        table.u8(1).u8(12).u8(0).u8(0).u32(IO_APIC).u32(0);
        sourceOverride(table, 0, 2, 0);
        for (int irq : new int[] {5, 9, 10, 11}) {
            sourceOverride(table, irq, irq, LEVEL_ACTIVE_HIGH);
        }
        table.u8(4).u8(6).u8(0xFF).u16(0).u8(1);
        return table.toByteArray();
    }

    private static void sourceOverride(LittleEndian table, int source, int target, int flags) {
        table.u8(2).u8(10).u8(0).u8(source).u32(target).u16(flags);
    }

    private static byte[] hpet() {
        return LittleEndian.of(20)
                .u32(0x8086_A201L)
                .u8(0)
                .u8(64)
                .u8(0)
                .u8(0)
                .u64(HPET)
                .u8(0)
                .u16(0)
                .u8(0)
                .toByteArray();
    }
}
