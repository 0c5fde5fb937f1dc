// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.config;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A machine as a person describes it; what {@code machine.json} holds.
 *
 * @param version of this format: {@link #CURRENT_VERSION}
 * @param id never changes, unlike the name
 * @param name also the machine's folder; see {@code MachineName}
 * @param operatingSystem the guest's ID such as {@code debian12}, or {@code other}
 * @param memoryMiB RAM
 * @param vcpus processors at start
 * @param maximumVcpus processors it may grow to
 * @param accelerator what runs the guest's instructions
 * @param bootOrder tried in turn
 * @param disks disk and CD drives
 * @param kernel boots this kernel directly, before any drive; null for firmware boot
 * @param networks network cards
 * @param debugConsole file that receives what the guest writes to port 0xE9; null for none
 * @param debugExitPort a byte written to this I/O port ends the run with status (byte &lt;&lt; 1) | 1; null for none
 * @param cpu the processors' model; {@link CpuModel#BEST} where a file made by an older version does not say
 */
public record MachineConfig(
        int version,
        UUID id,
        String name,
        String operatingSystem,
        long memoryMiB,
        int vcpus,
        int maximumVcpus,
        Accelerator accelerator,
        List<BootDevice> bootOrder,
        List<DriveConfig> disks,
        @Nullable KernelBoot kernel,
        List<NetworkConfig> networks,
        @Nullable String debugConsole,
        @Nullable Integer debugExitPort,
        CpuModel cpu) {

    public static final int CURRENT_VERSION = 1;

    @SuppressWarnings("ConstantValue") // Jackson gives null for what the file does not have
    public MachineConfig {
        cpu = cpu == null ? CpuModel.BEST : cpu;
        bootOrder = List.copyOf(bootOrder);
        disks = List.copyOf(disks);
        networks = List.copyOf(networks);
    }

    /** A machine with the best processor that there is. */
    public MachineConfig(
            int version,
            UUID id,
            String name,
            String operatingSystem,
            long memoryMiB,
            int vcpus,
            int maximumVcpus,
            Accelerator accelerator,
            List<BootDevice> bootOrder,
            List<DriveConfig> disks,
            @Nullable KernelBoot kernel,
            List<NetworkConfig> networks,
            @Nullable String debugConsole,
            @Nullable Integer debugExitPort) {
        this(
                version,
                id,
                name,
                operatingSystem,
                memoryMiB,
                vcpus,
                maximumVcpus,
                accelerator,
                bootOrder,
                disks,
                kernel,
                networks,
                debugConsole,
                debugExitPort,
                CpuModel.BEST);
    }

    /** The same machine with other drives. */
    public MachineConfig withDisks(List<DriveConfig> drives) {
        return new MachineConfig(
                version,
                id,
                name,
                operatingSystem,
                memoryMiB,
                vcpus,
                maximumVcpus,
                accelerator,
                bootOrder,
                drives,
                kernel,
                networks,
                debugConsole,
                debugExitPort,
                cpu);
    }

    /** The same machine run by {@code other}. */
    public MachineConfig withAccelerator(Accelerator other) {
        return new MachineConfig(
                version,
                id,
                name,
                operatingSystem,
                memoryMiB,
                vcpus,
                maximumVcpus,
                other,
                bootOrder,
                disks,
                kernel,
                networks,
                debugConsole,
                debugExitPort,
                cpu);
    }

    /** The same machine with other network cards. */
    public MachineConfig withNetworks(List<NetworkConfig> cards) {
        return new MachineConfig(
                version,
                id,
                name,
                operatingSystem,
                memoryMiB,
                vcpus,
                maximumVcpus,
                accelerator,
                bootOrder,
                disks,
                kernel,
                cards,
                debugConsole,
                debugExitPort,
                cpu);
    }

    /**
     * Another machine that is like this one; its network cards have addresses of their own, no port of the host leads to it, and it has no
     * debug console.
     */
    public MachineConfig copy(UUID newId, String newName, List<DriveConfig> drives) {
        return new MachineConfig(
                version,
                newId,
                newName,
                operatingSystem,
                memoryMiB,
                vcpus,
                maximumVcpus,
                accelerator,
                bootOrder,
                drives,
                kernel,
                networks.stream()
                        .map(each -> new NetworkConfig(each.kind(), null, each.hostAllowed(), List.of()))
                        .toList(),
                null,
                debugExitPort,
                cpu);
    }

    /** What runs the guest's instructions. */
    public enum Accelerator {
        AUTO,
        KVM,
        SOFTWARE
    }

    /** Where firmware looks for something to boot. */
    public enum BootDevice {
        CDROM,
        DISK,
        NETWORK
    }

    /**
     * A drive.
     *
     * @param kind disk or CD
     * @param path absolute path of the image; null for an empty CD drive
     * @param io how requests reach it
     * @param standsOn images elsewhere that this one may stand on, as was agreed when it was made; what lies in their folders
     *     may be opened. Usually none: an image may stand on what is in its own folder or the machine's
     */
    public record DriveConfig(
            Kind kind,
            @Nullable String path,
            Format format,
            Bus bus,
            boolean readOnly,
            DriveIo io,
            List<String> standsOn) {
        @SuppressWarnings("ConstantValue") // Jackson gives null for what the file does not have
        public DriveConfig {
            standsOn = standsOn == null ? List.of() : List.copyOf(standsOn);
            io = io == null ? DriveIo.DEFAULT : io;
        }

        /** A drive whose requests are treated as usual. */
        public DriveConfig(Kind kind, @Nullable String path, Format format, Bus bus, boolean readOnly) {
            this(kind, path, format, bus, readOnly, DriveIo.DEFAULT);
        }

        /** A drive whose image stands on nothing of another machine's. */
        public DriveConfig(Kind kind, @Nullable String path, Format format, Bus bus, boolean readOnly, DriveIo io) {
            this(kind, path, format, bus, readOnly, io, List.of());
        }

        /** The same drive with another image. */
        public DriveConfig withImage(@Nullable String image, Format itsFormat) {
            return new DriveConfig(kind, image, itsFormat, bus, readOnly, io, standsOn);
        }

        /** The same drive with an image that stands on {@code base}, and on what that may stand on. */
        public DriveConfig withOverlay(String image, Format itsFormat, String base) {
            List<String> all = new ArrayList<>(standsOn);
            all.add(base);
            return new DriveConfig(kind, image, itsFormat, bus, readOnly, io, all);
        }

        public DriveConfig withIo(DriveIo changed) {
            return new DriveConfig(kind, path, format, bus, readOnly, changed, standsOn);
        }

        /** Kind of drive. */
        public enum Kind {
            DISK,
            CDROM
        }

        /** Image format. */
        public enum Format {
            /** What the file says it is, else raw; found out when a machine is made or changed, and then kept. */
            AUTO,
            RAW,
            QCOW2,
            VMDK,
            VDI,
            VPC,
            VHDX;

            /** qemu-img's word for it; empty for {@link #AUTO}. */
            public String imageFormat() {
                return this == AUTO ? "" : name().toLowerCase(Locale.ROOT);
            }

            /** The format of qemu-img's word. */
            public static Optional<Format> of(String imageFormat) {
                return Arrays.stream(values())
                        .filter(each -> each != AUTO && each.imageFormat().equals(imageFormat))
                        .findFirst();
            }
        }

        /** How the drive is attached. */
        public enum Bus {
            /** The board's two channels. */
            IDE,
            /** A paravirtual disk, for guests that have the driver; not for CDs. */
            VIRTIO
        }
    }

    /** A kernel started without a boot loader: a Linux bzImage or a multiboot (version 1) image. */
    public record KernelBoot(String kernel, @Nullable String initrd, String commandLine) {}

    /**
     * A network card, paravirtual.
     *
     * @param mac its address as {@code 52:54:00:12:34:56}; null for one of its own that follows from the machine's ID and the card's place
     * @param hostAllowed of a {@link Kind#NAT} network: whether the guest reaches this host's own loopback services, at 10.0.2.2
     * @param forwards of a {@link Kind#NAT} network: ports of this host that lead to the guest
     */
    public record NetworkConfig(Kind kind, @Nullable String mac, boolean hostAllowed, List<PortForward> forwards) {
        @SuppressWarnings("ConstantValue") // Jackson gives null for what the file does not have
        public NetworkConfig {
            forwards = forwards == null ? List.of() : List.copyOf(forwards);
        }

        /** A card with nothing forwarded. */
        public NetworkConfig(Kind kind, @Nullable String mac) {
            this(kind, mac, false, List.of());
        }

        /** A card with an address of its own. */
        public NetworkConfig(Kind kind) {
            this(kind, null);
        }

        public NetworkConfig withForwards(List<PortForward> changed) {
            return new NetworkConfig(kind, mac, hostAllowed, changed);
        }

        /** What the card is connected to. */
        public enum Kind {
            /** There is no card. */
            NONE,
            /** A card without a cable. */
            UNPLUGGED,
            /** A network behind this process, as behind a household router: out to everywhere, in through forwarded ports. */
            NAT
        }
    }

    /**
     * A port of this host that leads to one of a guest's.
     *
     * @param hostAddress whose port, such as {@code 127.0.0.1}; {@code 0.0.0.0} for all of the host's addresses
     * @param hostPort 1 to 65535
     * @param guestPort 1 to 65535
     */
    public record PortForward(Protocol protocol, String hostAddress, int hostPort, int guestPort) {
        /** What is forwarded. */
        public enum Protocol {
            TCP,
            UDP
        }

        /** As QEMU writes it: {@code tcp:127.0.0.1:2222-:22}. */
        @Override
        public String toString() {
            String address = hostAddress.contains(":") ? "[" + hostAddress + "]" : hostAddress;
            return protocol.name().toLowerCase(Locale.ROOT) + ":" + address + ":" + hostPort + "-:" + guestPort;
        }
    }
}
