// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.board;

import dev.terrarium.engine.MachineStatistics;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.config.MachineConfig.BootDevice;
import dev.terrarium.engine.config.MachineConfig.KernelBoot;
import dev.terrarium.engine.device.Device;
import dev.terrarium.engine.device.KeyboardSink;
import dev.terrarium.engine.device.PointerSink;
import dev.terrarium.engine.device.ScreenSource;
import dev.terrarium.engine.device.chipset.A20Gate;
import dev.terrarium.engine.device.chipset.ApicBus;
import dev.terrarium.engine.device.chipset.DebugConsole;
import dev.terrarium.engine.device.chipset.DebugExit;
import dev.terrarium.engine.device.chipset.DmaControllerPair;
import dev.terrarium.engine.device.chipset.HostBridge;
import dev.terrarium.engine.device.chipset.InterruptChips;
import dev.terrarium.engine.device.chipset.InterruptControllerPair;
import dev.terrarium.engine.device.chipset.IoApic;
import dev.terrarium.engine.device.chipset.IsaInterrupts;
import dev.terrarium.engine.device.chipset.LocalApic;
import dev.terrarium.engine.device.chipset.PciBus;
import dev.terrarium.engine.device.chipset.Piix3;
import dev.terrarium.engine.device.chipset.Pit8254;
import dev.terrarium.engine.device.chipset.PowerManagement;
import dev.terrarium.engine.device.chipset.RealTimeClock;
import dev.terrarium.engine.device.chipset.SystemControl;
import dev.terrarium.engine.device.display.PciVga;
import dev.terrarium.engine.device.input.Ps2Controller;
import dev.terrarium.engine.device.input.Ps2Keyboard;
import dev.terrarium.engine.device.input.Ps2Mouse;
import dev.terrarium.engine.device.serial.Uart16550;
import dev.terrarium.engine.device.storage.PciIde;
import dev.terrarium.engine.device.virtio.balloon.VirtioBalloon;
import dev.terrarium.engine.firmware.DirectKernel;
import dev.terrarium.engine.firmware.FirmwareConfig;
import dev.terrarium.engine.firmware.FirmwareFiles;
import dev.terrarium.engine.firmware.FirmwareSetup;
import dev.terrarium.engine.firmware.MemoryMap;
import dev.terrarium.engine.memory.HostBlock;
import dev.terrarium.engine.processor.Processor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The parts of one PC of the i440FX and PIIX3 kind and the wires between them. It decides nothing: what is where follows
 * the 82441FX and 82371SB data sheets and, where those leave it open, QEMU's "pc" machine, which firmware and guests know.
 */
final class PersonalComputer implements AutoCloseable {
    private static final int SERIAL_PORT = 0x3F8;
    private static final int SERIAL_IRQ = 4;
    private static final int KEYBOARD_IRQ = 1;
    private static final int MOUSE_IRQ = 12;
    private static final int CLOCK_IRQ = 8;
    private static final int SYSTEM_CONTROL_IRQ = 9;
    private static final int FLOATING_POINT_IRQ = 13;
    private static final int PRIMARY_IDE_IRQ = 14;
    private static final int SECONDARY_IDE_IRQ = 15;
    private static final int FIRMWARE_DEBUG_PORT = 0x402;
    private static final int DEBUG_CONSOLE_PORT = 0xE9;
    private static final long PAGE = 4096;

    /** What leaves the computer. Called with the board's lock held unless it says otherwise. */
    interface Outside {
        void debugExit(int status);

        void serialOutput(int value);

        /** Requests of a drive are kept ({@link Drives#trouble}); on an I/O thread, without the lock. */
        void diskTroubled();

        /** The machine is to leave KVM ({@link PersonalComputer#leaveKvm}); on a vCPU's thread, without the lock. */
        void leaveKvm(String reason);
    }

    private final MemoryLayout memory;
    private final Drives drives;
    private final Cables cables;
    private final List<Device<?>> devices = new ArrayList<>();
    private final Processors processors;
    private final List<FirmwareLog> logs = new ArrayList<>();
    private final InterruptControllerPair pic;
    private final PciVga vga;
    private final Ps2Keyboard keyboard = new Ps2Keyboard();
    private final Ps2Mouse mouse = new Ps2Mouse();
    private final Uart16550 serial;
    private final PowerManagement power;
    private final FirmwareConfig firmwareConfig;
    private final List<String> kernelRom = new ArrayList<>();
    private final List<BootDevice> bootOrder;
    private final Optional<VirtioBalloon> balloon;

    /**
     * Makes a PC, its power off.
     *
     * @param networks where the cables of its network cards lead
     * @param log receives the firmware's messages
     * @throws TerrariumException if a file is missing, damaged or in use, or memory is short
     */
    static PersonalComputer build(
            MachineConfig config,
            ReentrantLock lock,
            BoardClock clock,
            SystemControl control,
            Outside outside,
            Networks networks,
            Path log,
            LockedExecutor completions,
            List<Path> trusted)
            throws TerrariumException {
        FirmwareFiles firmware = new FirmwareFiles();
        byte[] bios = firmware.bios();
        byte[] vgaBios = firmware.vgaBios();
        MemoryMap sizes = MemoryMap.of(config.memoryMiB() << 20);
        Drives drives = Drives.open(config, trusted, completions, clock, trouble -> outside.diskTroubled());
        MemoryLayout memory = null;
        Cables cables = null;
        try {
            memory = MemoryLayout.create(sizes, bios, vgaBios, PciVga.ROM_SIZE, lock);
            cables = Cables.open(
                    config,
                    networks,
                    new Networks.Surroundings(config.name(), clock, new RunningExecutor(lock, clock)));
            return new PersonalComputer(config, lock, clock, control, outside, cables, log, memory, sizes, drives);
        } catch (TerrariumException e) {
            drives.close();
            if (cables != null) {
                cables.close();
            }
            if (memory != null) {
                memory.close();
            }
            throw e;
        }
    }

    private PersonalComputer(
            MachineConfig config,
            ReentrantLock lock,
            BoardClock clock,
            SystemControl control,
            Outside outside,
            Cables cables,
            Path log,
            MemoryLayout memory,
            MemoryMap sizes,
            Drives drives)
            throws TerrariumException {
        this.memory = memory;
        this.drives = drives;
        this.cables = cables;
        PortMap ports = new PortMap(lock);

        // Interrupts: the 8259 pair reaches the first processor through its local APIC's LINT0 pin.
        ApicBus apicBus = new ApicBus();
        List<LocalApic> apics = new ArrayList<>();
        for (int i = 0; i < config.vcpus(); i++) {
            apics.add(new LocalApic(i, clock, apicBus, this::acknowledgeExternal));
        }
        pic = new InterruptControllerPair(apics.getFirst().lint0());
        IoApic ioApic = new IoApic(apicBus);
        InterruptChips chips = new InterruptChips(pic, ioApic, apicBus, apics);
        IsaInterrupts isa = new IsaInterrupts(chips::picInput, chips::ioApicInput);
        ports.map(0x20, 2, chips.shared(pic.masterPorts()));
        ports.map(0xA0, 2, chips.shared(pic.slavePorts()));
        ports.map(0x4D0, 2, chips.shared(pic.edgeLevelPorts()));
        memory.map().mapWindow(IoApic.BASE_ADDRESS, PAGE, chips.shared(ioApic.registers()));

        // The PCI bus with the host bridge and the PIIX3's functions.
        PciBus pci = new PciBus(ports, memory.map());
        ports.map(0xCF8, 8, pci.configPorts());
        A20Gate a20 = new A20Gate(this::moveA20);
        HostBridge bridge = new HostBridge(memory);
        Piix3 piix3 = new Piix3(isa, control, a20);
        pci.connect(piix3);
        pci.connectResetControl(piix3.resetControlPort());
        ports.map(0x92, 1, piix3.systemControlPortA());
        power = new PowerManagement(isa.line(SYSTEM_CONTROL_IRQ), clock, control);
        ports.map(0xAFE0, 4, power.generalPurposeEventPorts());
        ports.map(0xB2, 2, power.smiCommandPorts());

        // Time.
        Pit8254 timer = new Pit8254(isa.line(0), clock);
        ports.map(0x40, 4, timer.ports());
        ports.map(0x61, 1, timer.systemControlPort());
        RealTimeClock realTimeClock = new RealTimeClock(isa.line(CLOCK_IRQ), clock, 0);
        ports.map(0x70, 2, realTimeClock.ports());

        // What is left of the ISA bus.
        DmaControllerPair dma = new DmaControllerPair();
        ports.map(0x00, 16, dma.firstPorts());
        ports.map(0xC0, 32, dma.secondPorts());
        ports.map(0x80, 16, dma.pagePorts());
        Ps2Controller ps2 =
                new Ps2Controller(isa.line(KEYBOARD_IRQ), isa.line(MOUSE_IRQ), keyboard, mouse, a20, control);
        ports.map(0x60, 1, ps2.dataPort());
        ports.map(0x64, 1, ps2.commandPort());
        serial = new Uart16550("serial0", isa.line(SERIAL_IRQ), clock, outside::serialOutput);
        ports.map(SERIAL_PORT, Uart16550.PORTS, serial);

        // Screen and drives.
        vga = new PciVga(memory.videoMemory().address(), memory.vgaRom().address(), clock, memory.map());
        PciIde ide = new PciIde(memory.map(), isa.line(PRIMARY_IDE_IRQ), isa.line(SECONDARY_IDE_IRQ), drives.places());
        pci.attach(0, 0, bridge);
        pci.attach(1, 0, piix3);
        pci.attach(1, 1, ide);
        pci.attach(1, 3, power);
        pci.attach(2, 0, vga);
        pci.connectMessages(chips::message);
        VirtioDevices virtio = new VirtioDevices(
                config,
                new VirtioDevices.Wiring(memory.map(), new ReleasedMemory(memory, sizes), clock),
                drives.virtioDisks(),
                cables,
                pci);
        balloon = virtio.balloon();

        bootOrder = config.bootOrder();
        firmwareConfig = new FirmwareConfig("fw-cfg", memory.map(), memory.ram().size());
        ports.map(FirmwareConfig.PORT, FirmwareConfig.PORTS, firmwareConfig.ports());
        fillFirmwareConfig(config, sizes);
        addDebugPorts(config, ports, outside, log);

        devices.addAll(List.of(
                pic,
                ioApic,
                a20,
                pci,
                bridge,
                piix3,
                ide,
                power,
                vga,
                timer,
                realTimeClock,
                dma,
                ps2,
                keyboard,
                mouse,
                serial,
                firmwareConfig));
        devices.addAll(virtio.all());
        devices.addAll(apics);
        processors = Processors.make(
                config,
                new Processors.Wiring(memory.map(), ports, apics, chips, clock, lock, () -> isa.line(FLOATING_POINT_IRQ)
                        .pulse()),
                outside::leaveKvm);
    }

    private int acknowledgeExternal() {
        return pic.acknowledge();
    }

    private void fillFirmwareConfig(MachineConfig config, MemoryMap sizes) throws TerrariumException {
        KernelBoot kernel = config.kernel();
        if (kernel != null) {
            List<Path> modules = kernel.initrd() == null ? List.of() : List.of(Path.of(kernel.initrd()));
            kernelRom.add(new DirectKernel(Path.of(kernel.kernel()), modules, kernel.commandLine())
                    .load(sizes)
                    .addTo(firmwareConfig));
        }
        FirmwareSetup.fill(
                firmwareConfig,
                new FirmwareSetup.Machine(config.name(), config.id(), config.vcpus(), sizes, false, false));
    }

    private void addDebugPorts(MachineConfig config, PortMap ports, Outside outside, Path log)
            throws TerrariumException {
        FirmwareLog firmwareLog = openLog(log);
        ports.map(FIRMWARE_DEBUG_PORT, 1, new DebugConsole("firmware-log", firmwareLog));
        String debugConsole = config.debugConsole();
        if (debugConsole != null) {
            ports.map(DEBUG_CONSOLE_PORT, 1, new DebugConsole("debug-console", openLog(Path.of(debugConsole))));
        }
        Integer debugExit = config.debugExitPort();
        if (debugExit != null) {
            ports.map(debugExit, 4, new DebugExit(outside::debugExit));
        }
    }

    private FirmwareLog openLog(Path path) throws TerrariumException {
        FirmwareLog log = FirmwareLog.open(path);
        logs.add(log);
        return log;
    }

    private void moveA20(boolean enabled) {
        processors.list().forEach(each -> each.setA20(enabled));
    }

    /** To be called before the vCPUs run, as {@link #afterRunning} after that: their interrupt controllers may be the kernel's. */
    void beforeRunning() {
        processors.beforeRunning();
    }

    void afterRunning() {
        processors.afterRunning();
    }

    /** Goes on without KVM. No vCPU runs; false if that was done already. */
    boolean leaveKvm() {
        return processors.leaveKvm();
    }

    List<Processor> processors() {
        return processors.list();
    }

    HostBlock ram() {
        return memory.ram();
    }

    /** All memory that is part of the machine's state; its first is RAM. */
    List<HostBlock> memory() {
        return List.of(memory.ram(), memory.videoMemory());
    }

    /** What answers at a physical address, and which pages were written. */
    dev.terrarium.engine.memory.MemoryMap addresses() {
        return memory.map();
    }

    /** Where in its block the RAM of a physical address is; -1 if there is none. */
    long offsetInRam(long physical) {
        return memory.offsetInRam(physical);
    }

    /** Every device, in an order in which their states can be taken over. */
    List<Device<?>> devices() {
        return devices;
    }

    Drives drives() {
        return drives;
    }

    /** The screen as the guest has drawn it so far. */
    ScreenSource screen() {
        processors.deliverPostedWrites();
        return vga;
    }

    KeyboardSink keyboard() {
        return keyboard;
    }

    PointerSink pointer() {
        return mouse;
    }

    void pressPowerButton() {
        power.pressPowerButton();
    }

    void typeOnSerial(byte[] bytes) {
        serial.receive(bytes, 0, bytes.length);
    }

    /** The balloon, if there is one. */
    Optional<VirtioBalloon> balloon() {
        return balloon;
    }

    MachineStatistics.Network networkFigures() {
        return cables.figures();
    }

    long bytesRead() {
        return drives.bytesRead();
    }

    long bytesWritten() {
        return drives.bytesWritten();
    }

    /** Power-on or reset of every part. The processors do not run, and the board's lock is held. */
    void reset() {
        // A guest may have installed itself on a disk since the last start.
        List<String> order = new ArrayList<>(kernelRom);
        order.addAll(drives.bootOrder(bootOrder));
        FirmwareSetup.setBootOrder(firmwareConfig, order);
        devices.forEach(Device::reset);
        processors.list().forEach(Processor::reset);
    }

    /** Gives files and memory back. Nothing runs any more. */
    @Override
    public void close() {
        processors.close();
        cables.close();
        drives.close();
        logs.forEach(FirmwareLog::close);
        memory.close();
    }
}
