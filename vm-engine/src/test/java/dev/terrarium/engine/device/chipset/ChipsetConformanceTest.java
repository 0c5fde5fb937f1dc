// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.chipset;

import dev.terrarium.engine.device.ByteSink;
import dev.terrarium.engine.device.DeviceConformance;
import dev.terrarium.engine.device.TestLine;
import java.util.List;

/** The conformance suite over the chipset. */
class ChipsetConformanceTest extends DeviceConformance {
    @Override
    protected List<Subject> subjects() {
        return List.of(
                subject("pic", ChipsetConformanceTest::pic),
                subject("pit", ChipsetConformanceTest::pit),
                subject("rtc", rig -> {
                    RealTimeClock rtc = new RealTimeClock(new TestLine(), rig.clock, 0);
                    rig.device(rtc).window(rtc.ports(), 2);
                }),
                subject("a20", rig -> rig.device(new A20Gate(enabled -> {}))),
                subject("pci", rig -> {
                    PciBus bus = new PciBus(rig.buses, rig.buses.memoryBus);
                    rig.device(bus).window(bus.configPorts(), 8);
                }),
                subject("host bridge", rig -> rig.pci(new HostBridge((base, size, readRam, writeRam) -> {}))),
                subject("piix3", ChipsetConformanceTest::piix3),
                subject("power management", ChipsetConformanceTest::powerManagement),
                subject("debug console", rig -> {
                    DebugConsole console = new DebugConsole("debug", ByteSink.NONE);
                    rig.device(console).window(console, 1);
                }),
                subject("debug exit", rig -> {
                    DebugExit exit = new DebugExit(code -> {});
                    rig.device(exit).window(exit, 4);
                }),
                subject("dma", rig -> {
                    DmaControllerPair dma = new DmaControllerPair();
                    rig.device(dma)
                            .window(dma.firstPorts(), 16)
                            .window(dma.secondPorts(), 32)
                            .window(dma.pagePorts(), 16);
                }),
                subject("lapic", ChipsetConformanceTest::localApic),
                subject("ioapic", rig -> {
                    IoApic ioApic = new IoApic(new ApicBus());
                    rig.device(ioApic)
                            .window(ioApic.registers(), 0x40)
                            .stimulus(random -> ioApic.input(random.nextInt(24)).set(random.nextBoolean()))
                            .stimulus(random -> ioApic.endOfInterrupt(random.nextInt(256)));
                }),
                subject("pci function", rig -> {
                    PciFunctionTest.Card card = new PciFunctionTest.Card();
                    rig.pci(card).stimulus(random -> card.intx().set(random.nextBoolean()));
                }));
    }

    private static void pic(Rig rig) {
        InterruptControllerPair pic = new InterruptControllerPair(new TestLine());
        rig.device(pic)
                .window(pic.masterPorts(), 2)
                .window(pic.slavePorts(), 2)
                .window(pic.edgeLevelPorts(), 2)
                .stimulus(random -> pic.input(random.nextInt(16)).set(random.nextBoolean()))
                .stimulus(random -> pic.acknowledge());
    }

    private static void piix3(Rig rig) {
        A20Gate a20 = new A20Gate(enabled -> {});
        IsaInterrupts interrupts = new IsaInterrupts(irq -> new TestLine(), irq -> new TestLine());
        Piix3 piix3 = new Piix3(interrupts, new TestSystem(), a20);
        rig.pci(piix3).companion(a20).window(piix3.resetControlPort(), 1).window(piix3.systemControlPortA(), 1);
    }

    private static void powerManagement(Rig rig) {
        PowerManagement power = new PowerManagement(new TestLine(), rig.clock, new TestSystem());
        rig.pci(power)
                .window(power.generalPurposeEventPorts(), 4)
                .window(power.smiCommandPorts(), 2)
                .stimulus(random -> power.pressPowerButton())
                .stimulus(random -> power.raiseEvent(random.nextInt(16)));
    }

    private static void localApic(Rig rig) {
        LocalApic apic = new LocalApic(1, rig.clock, new ApicBus(), () -> 0x20);
        DeliveryMode[] modes = DeliveryMode.values();
        rig.device(apic)
                .window(apic.registers(), 0x400)
                .stimulus(random -> apic.registers().write(0xF0, 4, 0x1FF))
                .stimulus(random ->
                        apic.receive(modes[random.nextInt(modes.length)], random.nextInt(256), random.nextBoolean()))
                .stimulus(random -> apic.lint0().set(random.nextBoolean()))
                .stimulus(random -> apic.lint1().set(random.nextBoolean()))
                .stimulus(random -> apic.acknowledge())
                .stimulus(random -> apic.takeSignal())
                .stimulus(random -> apic.setTaskPriorityClass(random.nextInt()))
                .stimulus(random -> apic.setBaseAddress(random.nextBoolean() ? random.nextLong() : 0xFEE0_0800L));
    }

    private static void pit(Rig rig) {
        Pit8254 pit = new Pit8254(new TestLine(), rig.clock);
        rig.device(pit).window(pit.ports(), 4).window(pit.systemControlPort(), 1);
    }
}
