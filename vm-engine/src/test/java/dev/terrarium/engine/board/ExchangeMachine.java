// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.board;

import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.config.MachineConfig.Accelerator;
import dev.terrarium.engine.device.Device;
import dev.terrarium.engine.device.InterruptLine;
import dev.terrarium.engine.device.RegisterWindow;
import dev.terrarium.engine.device.chipset.ApicBus;
import dev.terrarium.engine.device.chipset.InterruptChips;
import dev.terrarium.engine.device.chipset.InterruptControllerPair;
import dev.terrarium.engine.device.chipset.IoApic;
import dev.terrarium.engine.device.chipset.IsaInterrupts;
import dev.terrarium.engine.device.chipset.LocalApic;
import dev.terrarium.engine.device.chipset.Pit8254;
import dev.terrarium.engine.memory.CodePages;
import dev.terrarium.engine.memory.HostBlock;
import dev.terrarium.engine.memory.MemoryMap;
import dev.terrarium.engine.processor.Processor;
import dev.terrarium.engine.processor.kvm.KvmAccelerator.Controllers;
import dev.terrarium.engine.processor.kvm.MovePolicy;
import dev.terrarium.engine.state.StateCodec;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** Two vCPUs of either kind with a PC's interrupt controllers and PIT, on memory and a clock that such machines share by turns. */
final class ExchangeMachine implements AutoCloseable {
    private static final int VCPUS = 2;
    private static final int LEVEL_PIN = 16;
    private static final int PORT_END = 0x90;
    private static final int PORT_LEVEL = 0x91;

    /** Everything but memory. */
    record Saved(List<Object> devices, List<byte[]> processors) {}

    /** Memory and time. */
    record Shared(ReentrantLock lock, BoardClock clock, HostBlock memory, HostBlock resetPage, CountDownLatch end) {}

    final AtomicReference<String> failure = new AtomicReference<>();
    private final Shared shared;
    private final List<Device<?>> devices = new ArrayList<>();
    private final List<LocalApic> apics = new ArrayList<>();
    private final Processors processors;
    private final ProcessorThreads threads;
    private final InterruptLine level;
    private boolean levelAsserted;

    /** @param kvm whose interrupt controllers serve vCPUs under KVM; null for software processors */
    ExchangeMachine(Shared shared, @Nullable Controllers kvm) throws IOException {
        this.shared = shared;
        MemoryMap map = new MemoryMap(shared.lock, new CodePages(shared.memory.size()));
        map.mapDirect(0, shared.memory.size(), shared.memory.address(), shared.memory.address());
        map.mapDirect(0xFFFF_F000L, 4096, shared.resetPage.address(), shared.resetPage.address());
        PortMap ports = new PortMap(shared.lock);
        ApicBus bus = new ApicBus();
        AtomicReference<@Nullable InterruptControllerPair> pair = new AtomicReference<>();
        for (int i = 0; i < VCPUS; i++) {
            apics.add(new LocalApic(i, shared.clock, bus, () -> pair.get().acknowledge()));
        }
        InterruptControllerPair pic =
                new InterruptControllerPair(apics.getFirst().lint0());
        pair.set(pic);
        IoApic ioApic = new IoApic(bus);
        InterruptChips chips = new InterruptChips(pic, ioApic, bus, apics);
        IsaInterrupts isa = new IsaInterrupts(chips::picInput, chips::ioApicInput);
        Pit8254 pit = new Pit8254(isa.line(0), shared.clock);
        level = chips.ioApicInput(LEVEL_PIN);
        ports.map(0x20, 2, chips.shared(pic.masterPorts()));
        ports.map(0xA0, 2, chips.shared(pic.slavePorts()));
        ports.map(0x40, 4, pit.ports());
        ports.map(PORT_END, 1, onWrite(shared.end::countDown));
        ports.map(PORT_LEVEL, 1, onWrite(() -> setLevel(false)));
        map.mapWindow(IoApic.BASE_ADDRESS, 4096, chips.shared(ioApic.registers()));
        devices.addAll(List.of(pic, ioApic, pit));
        devices.addAll(apics);
        Processors.Wiring wiring = new Processors.Wiring(map, ports, apics, chips, shared.clock, shared.lock, () -> {});
        MachineConfig config = config();
        processors = kvm == null
                ? Processors.software(config, wiring)
                : Processors.kvm(config, wiring, MovePolicy.NEVER, kvm, reason -> failure.set(reason));
        threads = new ProcessorThreads(
                kvm == null ? "in software" : "on KVM",
                processors.list(),
                processors::beforeRunning,
                processors::afterRunning,
                () -> failure.set("triple fault"),
                death -> failure.set(String.valueOf(death)));
        threads.start();
    }

    private static MachineConfig config() {
        return new MachineConfig(
                MachineConfig.CURRENT_VERSION,
                UUID.randomUUID(),
                "exchange",
                "other",
                64,
                VCPUS,
                VCPUS,
                Accelerator.AUTO,
                List.of(),
                List.of(),
                null,
                List.of(),
                null,
                null);
    }

    private static RegisterWindow onWrite(Runnable action) {
        return new RegisterWindow() {
            @Override
            public long read(long offset, int size) {
                return -1;
            }

            @Override
            public void write(long offset, int size, long value) {
                action.run();
            }
        };
    }

    private void locked(Runnable action) {
        shared.lock.lock();
        try {
            action.run();
        } finally {
            shared.lock.unlock();
        }
    }

    private void setLevel(boolean asserted) {
        levelAsserted = asserted;
        level.set(asserted);
    }

    void assertLevel() {
        locked(() -> setLevel(true));
    }

    /** Does the guest still owe the answer to {@link #assertLevel}? */
    boolean levelAsserted() {
        shared.lock.lock();
        try {
            return levelAsserted;
        } finally {
            shared.lock.unlock();
        }
    }

    void reset() {
        locked(() -> devices.forEach(Device::reset));
        processors.list().forEach(Processor::reset);
    }

    void go() {
        locked(shared.clock::start);
        threads.openGate();
    }

    void stop() {
        threads.closeGate();
        locked(shared.clock::stop);
    }

    boolean leaveKvm() {
        return processors.leaveKvm();
    }

    String accelerator() {
        return processors.list().getFirst().accelerator();
    }

    /** What it is, of which it lets go. It is stopped. */
    Saved save() {
        List<Object> states = new ArrayList<>();
        locked(() -> devices.forEach(device -> states.add(device.save())));
        List<byte[]> own = processors.list().stream()
                .map(each -> StateCodec.encode(ProcessorRecord.of(each.state())))
                .toList();
        return new Saved(states, own);
    }

    /** Takes over; {@code asserted} is what drives the level-triggered wire. It is stopped. */
    void restore(Saved saved, boolean asserted) {
        locked(() -> {
            setLevel(asserted);
            for (int i = 0; i < devices.size(); i++) {
                restore(devices.get(i), saved.devices.get(i));
            }
        });
        for (int i = 0; i < VCPUS; i++) {
            processors
                    .list()
                    .get(i)
                    .restore(StateCodec.decode(ProcessorRecord.class, saved.processors.get(i))
                            .state());
        }
    }

    @SuppressWarnings("unchecked")
    private static <S extends Record> void restore(Device<S> device, Object state) {
        device.restore((S) state);
    }

    @Override
    public void close() {
        threads.close();
        processors.close();
    }
}
