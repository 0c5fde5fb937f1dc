// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import com.sun.management.OperatingSystemMXBean;
import dev.terrarium.engine.Host;
import dev.terrarium.engine.HostCapabilities;
import dev.terrarium.engine.HostListener;
import dev.terrarium.engine.MachineListener;
import dev.terrarium.engine.MachineState;
import dev.terrarium.engine.VirtualMachine;
import java.lang.management.ManagementFactory;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Samples the host once a second, and at once when a machine changes, on a thread of its own. */
final class HostWatcher implements HostListener, MachineListener, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HostWatcher.class);
    private static final long PERIOD_MILLIS = 1000;
    /** The host's memory and firmware are looked at once in so many samples. */
    private static final int CAPABILITIES_EVERY = 5;

    private final Host host;
    private final Consumer<HostSample> receiver;
    private final BiConsumer<VirtualMachine, String> leftKvm;
    private final Semaphore wakeUps = new Semaphore(0);
    private final Thread thread =
            Thread.ofPlatform().daemon().name("host watcher").unstarted(this::run);
    private final Set<VirtualMachine> heard = new HashSet<>();
    private volatile boolean closed;

    /**
     * @param receiver called on the watcher's thread
     * @param leftKvm told, on a thread of the engine's, that a running machine goes on without KVM, and why
     */
    HostWatcher(Host host, Consumer<HostSample> receiver, BiConsumer<VirtualMachine, String> leftKvm) {
        this.host = host;
        this.receiver = receiver;
        this.leftKvm = leftKvm;
    }

    void start() {
        host.addListener(this);
        thread.start();
    }

    /** Asks for a sample now. */
    void wake() {
        wakeUps.release();
    }

    @Override
    public void machineAdded(VirtualMachine machine) {
        wake();
    }

    @Override
    public void machineRemoved(VirtualMachine machine) {
        wake();
    }

    @Override
    public void stateChanged(VirtualMachine machine, MachineState state) {
        wake();
    }

    @Override
    public void configurationChanged(VirtualMachine machine) {
        wake();
    }

    @Override
    public void acceleratorChanged(VirtualMachine machine, String reason) {
        leftKvm.accept(machine, reason);
        wake();
    }

    private void run() {
        HostCapabilities capabilities = host.capabilities();
        for (int round = 1; !closed; round++) {
            try {
                receiver.accept(sample(capabilities));
                if (wakeUps.tryAcquire(PERIOD_MILLIS, TimeUnit.MILLISECONDS)) {
                    wakeUps.drainPermits();
                }
                if (round % CAPABILITIES_EVERY == 0) {
                    capabilities = host.capabilities();
                }
            } catch (InterruptedException e) {
                LOG.debug("the host watcher ends");
                return;
            }
        }
    }

    private HostSample sample(HostCapabilities capabilities) {
        List<VirtualMachine> machines = host.machines();
        for (VirtualMachine machine : machines) {
            if (heard.add(machine)) {
                machine.addListener(this);
            }
        }
        heard.retainAll(Set.copyOf(machines));
        return new HostSample(
                machines.stream().map(HostSample.MachineSample::of).toList(),
                host.damaged(),
                capabilities,
                processorLoad(),
                System.nanoTime());
    }

    private static double processorLoad() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
                ? Math.clamp(system.getCpuLoad(), 0, 1)
                : 0;
    }

    @Override
    public void close() {
        closed = true;
        host.removeListener(this);
        thread.interrupt();
    }
}
