// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.firmware;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terrarium.engine.TerrariumException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FirmwareTablesTest {
    private static final int BASE = 0x3FE0_0000;
    private static final int RSDP_BASE = 0xF_5000;

    @TempDir
    Path folder;

    private final AcpiTables acpi = AcpiTables.build(new AcpiTables.Board(2, 0x4000_0000L, true));
    private final byte[] tables = acpi.tables();
    private final byte[] rsdp = acpi.rsdp();

    /** Does what the BIOS does with the loader script. */
    private void load() {
        Map<String, byte[]> files = new LinkedHashMap<>();
        files.put("etc/acpi/tables", tables);
        files.put("etc/acpi/rsdp", rsdp);
        Map<String, Integer> bases = Map.of("etc/acpi/tables", BASE, "etc/acpi/rsdp", RSDP_BASE);
        ByteBuffer script = ByteBuffer.wrap(acpi.script()).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(script.capacity() % 128).isZero();
        for (int at = 0; at < script.capacity(); at += 128) {
            String file = name(script, at + 4);
            assertThat(files).containsKey(file);
            ByteBuffer target = ByteBuffer.wrap(files.get(file)).order(ByteOrder.LITTLE_ENDIAN);
            switch (script.getInt(at)) {
                case 1 -> assertThat(script.get(at + 64)).isBetween((byte) 1, (byte) 2);
                case 2 -> {
                    int offset = script.getInt(at + 116);
                    int base = bases.get(name(script, at + 60));
                    if (script.get(at + 120) == 4) {
                        target.putInt(offset, target.getInt(offset) + base);
                    } else {
                        target.putLong(offset, target.getLong(offset) + base);
                    }
                }
                case 3 -> {
                    int place = script.getInt(at + 60);
                    int start = script.getInt(at + 64);
                    target.put(place, LittleEndian.checksum(target.array(), start, start + script.getInt(at + 68)));
                }
                default -> throw new AssertionError("command " + script.getInt(at));
            }
        }
    }

    private static String name(ByteBuffer script, int at) {
        byte[] bytes = new byte[56];
        script.get(at, bytes);
        return new String(bytes, StandardCharsets.US_ASCII).replace("\0", "");
    }

    private Map<String, byte[]> loadedTables() {
        load();
        ByteBuffer all = ByteBuffer.wrap(tables).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer root = ByteBuffer.wrap(rsdp).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(LittleEndian.checksum(rsdp, 0, 20)).isZero();
        assertThat(LittleEndian.checksum(rsdp, 0, 36)).isZero();
        int rsdt = root.getInt(16) - BASE;
        int xsdt = (int) root.getLong(24) - BASE;
        Map<String, byte[]> found = new LinkedHashMap<>();
        for (int entry = 36; entry < all.getInt(rsdt + 4); entry += 4) {
            int at = all.getInt(rsdt + entry) - BASE;
            assertThat(all.getLong(xsdt + 36 + (entry - 36) * 2)).isEqualTo(at + BASE);
            put(found, all, at);
        }
        ByteBuffer fadt = ByteBuffer.wrap(found.get("FACP")).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(fadt.capacity()).isEqualTo(244);
        put(found, all, fadt.getInt(40) - BASE);
        assertThat(fadt.getLong(140)).isEqualTo(fadt.getInt(40));
        int facs = fadt.getInt(36) - BASE;
        assertThat(facs % 64).isZero();
        assertThat(all.getInt(facs)).isEqualTo(0x53434146);
        return found;
    }

    private static void put(Map<String, byte[]> found, ByteBuffer all, int at) {
        byte[] table = new byte[all.getInt(at + 4)];
        all.get(at, table);
        assertThat(LittleEndian.checksum(table, 0, table.length)).isZero();
        found.put(new String(table, 0, 4, StandardCharsets.US_ASCII), table);
    }

    @Test
    void theScriptLeavesValidTables() {
        assertThat(loadedTables()).containsOnlyKeys("FACP", "APIC", "HPET", "DSDT");
    }

    @Test
    void anAcpiCompilerReadsTheTables() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/iasl")), "iasl is not installed");
        for (Map.Entry<String, byte[]> table : loadedTables().entrySet()) {
            Path file = Files.write(folder.resolve(table.getKey() + ".aml"), table.getValue());
            assertThat(run("iasl", "-d", file.toString())).isZero();
        }
        String source = Files.readString(folder.resolve("DSDT.dsl"));
        assertThat(source)
                .contains("PNP0A03")
                .contains("PNP0303")
                .contains("PNP0501")
                .contains("LNKS")
                .contains("\\_S5");
        // ACPICA's own compiler takes its disassembly back: no dangling names, no bad resource.
        assertThat(run(
                        "iasl",
                        "-p",
                        folder.resolve("again").toString(),
                        folder.resolve("DSDT.dsl").toString()))
                .withFailMessage(() -> log())
                .isZero();
        assertThat(Files.readString(folder.resolve("FACP.dsl")))
                .contains("SCI Interrupt : 0009")
                .contains("Reset Register Supported (V2) : 1");
    }

    private String log() {
        try {
            return Files.readString(folder.resolve("log"));
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private int run(String... command) throws Exception {
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile())
                .start()
                .waitFor();
    }

    @Test
    void smbiosStructuresFollowEachOther() {
        SmbiosTables smbios = SmbiosTables.build(new SmbiosTables.Machine(
                "box", UUID.fromString("00112233-4455-6677-8899-aabbccddeeff"), 2, 0xC000_0000L, 0x4_4000_0000L));
        ByteBuffer anchor = ByteBuffer.wrap(smbios.anchor()).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(LittleEndian.checksum(anchor.array(), 0, 31)).isZero();
        assertThat(LittleEndian.checksum(anchor.array(), 16, 31)).isZero();
        byte[] structures = smbios.tables();
        assertThat(anchor.getShort(22)).isEqualTo((short) structures.length);
        int at = 0;
        int count = 0;
        List<Integer> types = new java.util.ArrayList<>();
        while (at < structures.length) {
            types.add(structures[at] & 0xFF);
            int end = at + structures[at + 1];
            while (structures[end] != 0 || structures[end + 1] != 0) {
                end++;
            }
            at = end + 2;
            count++;
        }
        assertThat(at).isEqualTo(structures.length);
        assertThat(count).isEqualTo(anchor.getShort(28));
        assertThat(types).containsExactly(0, 1, 3, 4, 4, 16, 17, 17, 19, 19, 32, 127);
    }

    @Test
    void memoryIsSplitBelowThePciWindow() {
        assertThat(MemoryMap.of(1L << 30)).isEqualTo(new MemoryMap(1L << 30, 0));
        assertThat(MemoryMap.of(8L << 30)).isEqualTo(new MemoryMap(3L << 30, 5L << 30));
        assertThat(MemoryMap.of(8L << 30).e820()).hasSize(40);
    }

    @Test
    void aMissingBiosSaysWhatToDo() {
        assertThatThrownBy(() -> new FirmwareFiles(List.of(folder)).bios())
                .isInstanceOf(TerrariumException.class)
                .hasMessage("SeaBIOS is not installed: run apt-get install seabios");
    }

    @Test
    void theInstalledBiosIsFound() throws TerrariumException {
        assumeTrue(Files.exists(Path.of("/usr/share/seabios/bios-256k.bin")), "seabios is not installed");
        assertThat(new FirmwareFiles().bios()).hasSize(256 * 1024);
        assertThat(new FirmwareFiles().vgaBios()).startsWith(0x55, 0xAA);
    }
}
