// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.firmware;

import java.util.ArrayList;
import java.util.List;

/** The board in AML: PCI root bridge, interrupt links, the devices behind the ISA bridge, processors, soft-off. */
final class Dsdt {
    private static final String[] LINKS = {"LNKA", "LNKB", "LNKC", "LNKD"};
    private static final List<String> ROUTES = List.of("PRQ0", "PRQ1", "PRQ2", "PRQ3");
    private static final int PIRQ_ROUTING = 0x60;
    private static final int ROUTING_DISABLED = 0x80;
    private static final int ISA_BRIDGE_ADDRESS = 0x0001_0000;
    private static final int PCI_SLOTS = 32;
    private static final int PINS = 4;
    private static final int ISA_SLOT = 1;
    private static final int STATUS_PRESENT = 0x0B;
    private static final int STATUS_DISABLED = 0x09;
    private static final int SCI = 9;
    private static final long PCI_MEMORY_END = 0xFEBF_FFFFL;
    private static final long HPET_BASE = 0xFED0_0000L;

    private Dsdt() {}

    static byte[] terms(AcpiTables.Board board) {
        List<byte[]> system = new ArrayList<>();
        for (int i = 0; i < board.processors(); i++) {
            system.add(Aml.processor("CP%02X".formatted(i), i));
        }
        system.add(pciRoot(board));
        system.add(routeStatus());
        system.add(routeInterrupt());
        for (int i = 0; i < PINS; i++) {
            system.add(link(i));
        }
        system.add(sciLink());
        if (board.hpet()) {
            system.add(Aml.device(
                    "HPET",
                    Aml.name("_HID", Aml.eisaId("PNP0103")),
                    Aml.name("_UID", Aml.integer(0)),
                    Aml.name("_CRS", AmlResources.template(AmlResources.fixedMemory(HPET_BASE, 0x400)))));
        }
        byte[] softOff = Aml.name(
                "\\_S5_", Aml.packageOf(List.of(Aml.integer(0), Aml.integer(0), Aml.integer(0), Aml.integer(0))));
        return Aml.concat(Aml.scope("\\_SB_", Aml.concat(system)), softOff);
    }

    private static byte[] pciRoot(AcpiTables.Board board) {
        byte[] resources = AmlResources.template(
                AmlResources.busNumbers(0, 0xFF),
                AmlResources.io(0xCF8, 8),
                AmlResources.ioRange(0x0000, 0x0CF7),
                AmlResources.ioRange(0x0D00, 0xFFFF),
                AmlResources.memoryRange(0x000A_0000, 0x000B_FFFF, true),
                AmlResources.memoryRange(board.lowMemory(), PCI_MEMORY_END, false));
        return Aml.device(
                "PCI0",
                Aml.name("_HID", Aml.eisaId("PNP0A03")),
                Aml.name("_ADR", Aml.integer(0)),
                Aml.name("_UID", Aml.integer(0)),
                Aml.name("_CRS", resources),
                Aml.name("_PRT", interruptRouting()),
                isaBridge());
    }

    /** Device and pin choose a link in turn, as the PIIX3's four PIRQ lines are wired on this board. */
    private static byte[] interruptRouting() {
        List<byte[]> entries = new ArrayList<>();
        for (int slot = 0; slot < PCI_SLOTS; slot++) {
            for (int pin = 0; pin < PINS; pin++) {
                String link = slot == ISA_SLOT && pin == 0 ? "LNKS" : LINKS[(slot + pin + 3) % PINS];
                entries.add(Aml.packageOf(List.of(
                        Aml.integer((long) slot << 16 | 0xFFFF),
                        Aml.integer(pin),
                        Aml.path("\\_SB_." + link),
                        Aml.integer(0))));
            }
        }
        return Aml.packageOf(entries);
    }

    private static byte[] isaBridge() {
        return Aml.device(
                "ISA_",
                Aml.name("_ADR", Aml.integer(ISA_BRIDGE_ADDRESS)),
                Aml.operationRegion("PIRQ", Aml.REGION_PCI_CONFIG, PIRQ_ROUTING, PINS),
                Aml.byteFields("PIRQ", ROUTES),
                isaDevice("KBD_", "PNP0303", AmlResources.io(0x60, 1), AmlResources.io(0x64, 1), AmlResources.irq(1)),
                isaDevice("MOU_", "PNP0F13", AmlResources.irq(12)),
                isaDevice("COM1", "PNP0501", AmlResources.io(0x3F8, 8), AmlResources.irq(4)),
                isaDevice("RTC_", "PNP0B00", AmlResources.io(0x70, 8), AmlResources.irq(8)));
    }

    private static byte[] isaDevice(String name, String id, byte[]... resources) {
        return Aml.device(
                name,
                Aml.name("_HID", Aml.eisaId(id)),
                Aml.name("_UID", Aml.integer(1)),
                Aml.name("_STA", Aml.integer(0x0F)),
                Aml.name("_CRS", AmlResources.template(resources)));
    }

    private static byte[] routeStatus() {
        return Aml.method(
                "IQST",
                1,
                Aml.ifTrue(
                        Aml.and(Aml.integer(ROUTING_DISABLED), Aml.ARG0, Aml.NO_TARGET),
                        Aml.returnOf(Aml.integer(STATUS_DISABLED))),
                Aml.returnOf(Aml.integer(STATUS_PRESENT)));
    }

    private static byte[] routeInterrupt() {
        return Aml.method(
                "IQCR",
                1,
                Aml.name("PRR0", AmlResources.template(AmlResources.levelInterrupts(0))),
                Aml.createDoubleWordField(Aml.path("PRR0"), 5, "PRRI"),
                Aml.and(Aml.ARG0, Aml.integer(0x0F), Aml.path("PRRI")),
                Aml.returnOf(Aml.path("PRR0")));
    }

    private static byte[] link(int index) {
        byte[] route = Aml.path("\\_SB_.PCI0.ISA_." + ROUTES.get(index));
        return Aml.device(
                LINKS[index],
                Aml.name("_HID", Aml.eisaId("PNP0C0F")),
                Aml.name("_UID", Aml.integer(index)),
                Aml.name("_PRS", AmlResources.template(AmlResources.levelInterrupts(5, 10, 11))),
                Aml.method("_STA", 0, Aml.returnOf(Aml.call("IQST", route))),
                Aml.method("_DIS", 0, Aml.or(route, Aml.integer(ROUTING_DISABLED), route)),
                Aml.method("_CRS", 0, Aml.returnOf(Aml.call("IQCR", route))),
                Aml.method(
                        "_SRS", 1, Aml.createDoubleWordField(Aml.ARG0, 5, "PRRI"), Aml.store(Aml.path("PRRI"), route)));
    }

    private static byte[] sciLink() {
        byte[] interrupt = AmlResources.template(AmlResources.levelInterrupts(SCI));
        return Aml.device(
                "LNKS",
                Aml.name("_HID", Aml.eisaId("PNP0C0F")),
                Aml.name("_UID", Aml.integer(4)),
                Aml.name("_PRS", interrupt),
                Aml.method("_STA", 0, Aml.returnOf(Aml.integer(STATUS_PRESENT))),
                Aml.method("_DIS", 0),
                Aml.method("_CRS", 0, Aml.returnOf(Aml.path("_PRS"))),
                Aml.method("_SRS", 1));
    }
}
