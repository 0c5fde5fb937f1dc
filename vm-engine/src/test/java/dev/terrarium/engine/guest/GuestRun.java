// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.guest;

import dev.terrarium.engine.Engine;
import dev.terrarium.engine.Host;
import dev.terrarium.engine.MachineEnd;
import dev.terrarium.engine.MachineState;
import dev.terrarium.engine.Progress;
import dev.terrarium.engine.Screenshot;
import dev.terrarium.engine.StartOptions;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.VirtualMachine;
import dev.terrarium.engine.config.CpuModel;
import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.config.MachineConfig.BootDevice;
import dev.terrarium.engine.config.MachineConfig.DriveConfig;
import dev.terrarium.engine.config.MachineConfig.KernelBoot;
import dev.terrarium.engine.config.MachineConfig.NetworkConfig;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** One run of a real guest in a home of its own, with its serial line and its screen to look at. */
final class GuestRun implements AutoCloseable {
    private static final Path PICTURES = Path.of("target/screenshots");

    private final Host host;
    private final VirtualMachine machine;
    private final StringBuffer serial = new StringBuffer();
    private final long start = System.nanoTime();

    private GuestRun(Path home, MachineConfig config) throws TerrariumException {
        host = Engine.open(home);
        machine = host.create(config, List.of());
        machine.start(options());
    }

    private StartOptions options() {
        return new StartOptions(
                new OutputStream() {
                    @Override
                    public void write(int value) {
                        serial.append((char) (value & 0xFF));
                    }

                    @Override
                    public void write(byte[] bytes, int offset, int length) {
                        serial.append(new String(bytes, offset, length, StandardCharsets.ISO_8859_1));
                    }
                },
                null,
                null);
    }

    /** Saves the machine, which ends it, and lets it go on from its saved state. */
    void saveAndRestore() throws TerrariumException {
        machine.save(Progress.NONE);
        if (machine.state() != MachineState.SAVED) {
            throw new AssertionError("saved, but " + machine.state());
        }
        machine.start(options());
    }

    static GuestRun fromCd(Path home, Path iso, long memoryMiB) throws TerrariumException {
        return new GuestRun(home, config(memoryMiB, List.of(cd(iso)), null, null));
    }

    static GuestRun fromKernel(Path home, KernelBoot kernel, long memoryMiB) throws TerrariumException {
        return new GuestRun(home, config(memoryMiB, List.of(), kernel, null));
    }

    static GuestRun fromKernel(Path home, KernelBoot kernel, long memoryMiB, List<DriveConfig> drives)
            throws TerrariumException {
        return new GuestRun(home, config(memoryMiB, drives, kernel, null));
    }

    /** A kernel on a processor of that model. */
    static GuestRun fromKernel(Path home, KernelBoot kernel, long memoryMiB, CpuModel model) throws TerrariumException {
        return new GuestRun(home, withCpu(config(memoryMiB, List.of(), kernel, null), model));
    }

    /** A kernel on a machine with several vCPUs. */
    static GuestRun fromKernel(Path home, KernelBoot kernel, long memoryMiB, int vcpus) throws TerrariumException {
        return new GuestRun(home, withProcessors(config(memoryMiB, List.of(), kernel, null), vcpus));
    }

    /** With network cards. */
    static GuestRun fromKernel(Path home, KernelBoot kernel, long memoryMiB, int vcpus, List<NetworkConfig> networks)
            throws TerrariumException {
        return new GuestRun(
                home,
                withProcessors(config(memoryMiB, List.of(), kernel, null), vcpus)
                        .withNetworks(networks));
    }

    private static MachineConfig withProcessors(MachineConfig config, int vcpus) {
        return new MachineConfig(
                config.version(),
                config.id(),
                config.name(),
                config.operatingSystem(),
                config.memoryMiB(),
                vcpus,
                vcpus,
                config.accelerator(),
                config.bootOrder(),
                config.disks(),
                config.kernel(),
                config.networks(),
                config.debugConsole(),
                config.debugExitPort(),
                config.cpu());
    }

    private static MachineConfig withCpu(MachineConfig config, CpuModel model) {
        return new MachineConfig(
                config.version(),
                config.id(),
                config.name(),
                config.operatingSystem(),
                config.memoryMiB(),
                config.vcpus(),
                config.maximumVcpus(),
                config.accelerator(),
                config.bootOrder(),
                config.disks(),
                config.kernel(),
                config.networks(),
                config.debugConsole(),
                config.debugExitPort(),
                model);
    }

    /** A kernel run by that accelerator. */
    static GuestRun fromKernel(
            Path home, KernelBoot kernel, long memoryMiB, MachineConfig.Accelerator accelerator, int vcpus)
            throws TerrariumException {
        MachineConfig config = withAccelerator(config(memoryMiB, List.of(), kernel, null), accelerator);
        return new GuestRun(home, withProcessors(config, vcpus));
    }

    private static MachineConfig withAccelerator(MachineConfig config, MachineConfig.Accelerator accelerator) {
        return new MachineConfig(
                config.version(),
                config.id(),
                config.name(),
                config.operatingSystem(),
                config.memoryMiB(),
                config.vcpus(),
                config.maximumVcpus(),
                accelerator,
                config.bootOrder(),
                config.disks(),
                config.kernel(),
                config.networks(),
                config.debugConsole(),
                config.debugExitPort(),
                config.cpu());
    }

    /** A kernel, or without one whatever firmware finds, on a machine made for Debian. */
    static GuestRun debian(Path home, @Nullable KernelBoot kernel, List<DriveConfig> drives, int vcpus)
            throws TerrariumException {
        MachineConfig plain = withProcessors(config(512, drives, kernel, null), vcpus);
        return new GuestRun(
                home,
                new MachineConfig(
                        plain.version(),
                        plain.id(),
                        plain.name(),
                        "debian12",
                        plain.memoryMiB(),
                        plain.vcpus(),
                        plain.maximumVcpus(),
                        plain.accelerator(),
                        plain.bootOrder(),
                        plain.disks(),
                        plain.kernel(),
                        plain.networks(),
                        plain.debugConsole(),
                        plain.debugExitPort(),
                        plain.cpu()));
    }

    /** A Debian with everything that such a machine has as usual: virtio disks, entropy, balloon, and a NAT network. */
    static GuestRun debianWithNetwork(Path home, KernelBoot kernel, List<DriveConfig> drives, NetworkConfig network)
            throws TerrariumException {
        MachineConfig plain = config(512, drives, kernel, null);
        return new GuestRun(
                home,
                new MachineConfig(
                        plain.version(),
                        plain.id(),
                        plain.name(),
                        "debian12",
                        plain.memoryMiB(),
                        2,
                        2,
                        plain.accelerator(),
                        plain.bootOrder(),
                        plain.disks(),
                        plain.kernel(),
                        List.of(network),
                        plain.debugConsole(),
                        plain.debugExitPort(),
                        plain.cpu()));
    }

    /** A kernel whose writes to port 0xE9 go to {@code debugConsole}. */
    static GuestRun fromKernel(Path home, KernelBoot kernel, long memoryMiB, Path debugConsole)
            throws TerrariumException {
        return new GuestRun(home, config(memoryMiB, List.of(), kernel, debugConsole));
    }

    /** Whatever firmware finds on these drives, tried in this order. */
    static GuestRun fromDrives(Path home, List<BootDevice> order, List<DriveConfig> drives) throws TerrariumException {
        return new GuestRun(home, config(64, drives, null, null, order));
    }

    static DriveConfig cd(Path iso) {
        return new DriveConfig(
                DriveConfig.Kind.CDROM, iso.toString(), DriveConfig.Format.RAW, DriveConfig.Bus.IDE, true);
    }

    static DriveConfig disk(Path image) {
        return new DriveConfig(
                DriveConfig.Kind.DISK, image.toString(), DriveConfig.Format.RAW, DriveConfig.Bus.IDE, false);
    }

    private static MachineConfig config(
            long memoryMiB, List<DriveConfig> drives, @Nullable KernelBoot kernel, @Nullable Path debugConsole) {
        return config(memoryMiB, drives, kernel, debugConsole, List.of(BootDevice.CDROM, BootDevice.DISK));
    }

    private static MachineConfig config(
            long memoryMiB,
            List<DriveConfig> drives,
            @Nullable KernelBoot kernel,
            @Nullable Path debugConsole,
            List<BootDevice> bootOrder) {
        return new MachineConfig(
                MachineConfig.CURRENT_VERSION,
                UUID.randomUUID(),
                "guest",
                "other",
                memoryMiB,
                1,
                1,
                MachineConfig.Accelerator.SOFTWARE,
                bootOrder,
                drives,
                kernel,
                List.of(),
                debugConsole == null ? null : debugConsole.toString(),
                0xF4);
    }

    VirtualMachine machine() {
        return machine;
    }

    String serial() {
        return serial.toString();
    }

    /** Waits until the serial line has shown {@code text}; fails with what it showed instead. */
    void awaitSerial(String text, Duration limit) {
        await("\"" + text + "\" on the serial line", limit, () -> serial.indexOf(text) >= 0);
    }

    /** Waits until the serial line has shown {@code text} so many times. */
    void awaitSerial(String text, int times, Duration limit) {
        await(times + " times \"" + text + "\" on the serial line", limit, () -> {
            int found = 0;
            for (int at = serial.indexOf(text); at >= 0; at = serial.indexOf(text, at + 1)) {
                found++;
            }
            return found >= times;
        });
    }

    /** Waits until the screen is as wanted, and returns it. */
    Screenshot awaitScreen(String what, Duration limit, Predicate<Screenshot> wanted) {
        Screenshot[] last = new Screenshot[1];
        await(what, limit, () -> {
            try {
                last[0] = machine.screenshot();
                return wanted.test(last[0]);
            } catch (TerrariumException e) {
                return false;
            }
        });
        return last[0];
    }

    /** Something to wait for. */
    @FunctionalInterface
    interface Check {
        boolean passed();
    }

    /** Waits until {@code check} passes; fails if the machine ends first. */
    void await(String what, Duration limit, Check check) {
        long deadline = System.nanoTime() + limit.toNanos();
        while (!check.passed()) {
            if (System.nanoTime() > deadline || !machine.state().active() && !check.passed()) {
                picture("failed");
                throw new AssertionError("no " + what + " within " + limit + "; the machine is " + machine.state() + " "
                        + machine.failure().orElse("") + "; the serial line showed: " + tail());
            }
            java.util.concurrent.locks.LockSupport.parkNanos(100_000_000);
        }
        System.out.printf("guest: %s after %.1f s%n", what, (System.nanoTime() - start) / 1e9);
    }

    private String tail() {
        return serial.substring(Math.max(0, serial.length() - 2000));
    }

    MachineEnd awaitEnd(Duration limit) throws InterruptedException {
        await("end of the run", limit, () -> !machine.state().active());
        return machine.awaitEnd();
    }

    /** Keeps the screen as {@code target/screenshots/NAME.png}, for people. */
    void picture(String name) {
        try {
            Files.createDirectories(PICTURES);
            try (OutputStream file = Files.newOutputStream(PICTURES.resolve(name + ".png"))) {
                machine.screenshot().writePng(file);
            }
        } catch (TerrariumException | IOException e) {
            System.out.println("no picture " + name + ": " + e.getMessage());
        }
    }

    @Override
    public void close() {
        host.close();
    }
}
