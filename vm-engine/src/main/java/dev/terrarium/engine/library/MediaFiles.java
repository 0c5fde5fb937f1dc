// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.library;

import dev.terrarium.engine.MediaInfo;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.config.MachineConfig.DriveConfig;
import dev.terrarium.engine.config.MachineConfig.KernelBoot;
import dev.terrarium.engine.config.MachineRules;
import dev.terrarium.engine.image.AllowedFolders;
import dev.terrarium.engine.image.BootRecord;
import dev.terrarium.engine.image.DiskImage;
import dev.terrarium.engine.image.ImageFormat;
import dev.terrarium.engine.image.ImageFormats;
import dev.terrarium.engine.image.ImageHead;
import dev.terrarium.engine.image.IsoInfo;
import dev.terrarium.engine.image.IsoProbe;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Looks at the files that machines are made from: CD images, disks, kernels. */
final class MediaFiles {
    private static final int HEAD_BYTES = 8192;
    private static final int LINUX_MAGIC_OFFSET = 0x202;
    private static final int LINUX_MAGIC = 0x5372_6448; // "HdrS"
    private static final int MULTIBOOT_MAGIC = 0x1BAD_B002;
    private static final int MBR_SIGNATURE_OFFSET = 510;

    private MediaFiles() {}

    /** Refuses a configuration that names a file which is missing, unreadable or of the wrong kind. */
    static void check(MachineConfig config) throws TerrariumException {
        for (DriveConfig drive : config.disks()) {
            String path = drive.path();
            if (path == null) {
                continue;
            }
            requireReadable(Path.of(path));
            if (drive.kind() == DriveConfig.Kind.CDROM) {
                IsoProbe.probe(Path.of(path));
            }
        }
        KernelBoot kernel = config.kernel();
        if (kernel != null) {
            MediaInfo.Kind kind = inspect(Path.of(kernel.kernel())).kind();
            if (kind != MediaInfo.Kind.LINUX_KERNEL && kind != MediaInfo.Kind.MULTIBOOT_KERNEL) {
                throw new TerrariumException(kernel.kernel()
                        + " is no kernel that can be started: choose a Linux bzImage or a multiboot image");
            }
            if (kernel.initrd() != null) {
                requireReadable(Path.of(kernel.initrd()));
            }
        }
    }

    /** A configuration whose drives' formats are known; what a drive's image is not, is refused. */
    static MachineConfig settle(MachineConfig config) throws TerrariumException {
        List<DriveConfig> drives = new ArrayList<>();
        for (DriveConfig drive : config.disks()) {
            DriveConfig settled = settle(drive);
            String path = settled.path();
            if (settled.kind() == DriveConfig.Kind.DISK
                    && settled.format() != DriveConfig.Format.RAW
                    && path != null
                    && !drive.equals(settled)) {
                boots(Path.of(path), settled.format().imageFormat());
            }
            drives.add(settled);
        }
        return config.withDisks(drives);
    }

    /** A machine's new configuration, checked, its drives' formats known. */
    static MachineConfig settleChange(MachineConfig before, MachineConfig changed) throws TerrariumException {
        if (!changed.name().equals(before.name())) {
            throw new TerrariumException("a machine keeps its name: clone it to get another");
        }
        List<String> problems = MachineRules.problems(changed, HostInfo.total());
        if (!problems.isEmpty()) {
            throw new TerrariumException(problems.getFirst());
        }
        check(changed);
        return settle(changed);
    }

    /** A drive whose format is known: that of its file if it was left open. */
    private static DriveConfig settle(DriveConfig drive) throws TerrariumException {
        String path = drive.path();
        if (drive.format() != DriveConfig.Format.AUTO) {
            return drive;
        }
        DriveConfig.Format format = DriveConfig.Format.RAW;
        if (path != null && drive.kind() == DriveConfig.Kind.DISK) {
            requireReadable(Path.of(path));
            format = ImageFormats.probe(Path.of(path))
                    .flatMap(each -> DriveConfig.Format.of(each.name()))
                    .orElse(DriveConfig.Format.RAW);
        }
        return drive.withImage(path, format);
    }

    private static void requireReadable(Path file) throws TerrariumException {
        if (!Files.exists(file)) {
            throw new TerrariumException(file + " does not exist: check the path");
        }
        if (Files.isDirectory(file)) {
            throw new TerrariumException(file + " is a folder: choose a file");
        }
        if (!Files.isRegularFile(file)) {
            throw new TerrariumException(file + " is no regular file: choose a file");
        }
        if (!Files.isReadable(file)) {
            throw new TerrariumException(file + " may not be read: change its permissions");
        }
    }

    /** As {@link dev.terrarium.engine.Host#inspect}. */
    static MediaInfo inspect(Path file) throws TerrariumException {
        requireReadable(file);
        ImageHead image = ImageHead.read(file, HEAD_BYTES);
        ByteBuffer head = ByteBuffer.wrap(image.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        long size = image.size();
        MediaInfo.@Nullable Kind kernel = kernelKind(head);
        if (kernel != null) {
            boolean linux = kernel == MediaInfo.Kind.LINUX_KERNEL;
            return new MediaInfo(
                    kernel, linux ? "Linux kernel" : "Multiboot kernel", linux ? "linux" : "other", true, size);
        }
        boolean namedIso = file.toString().toLowerCase(java.util.Locale.ROOT).endsWith(".iso");
        try {
            IsoInfo iso = IsoProbe.probe(file);
            String system = iso.osId().orElse("other");
            return new MediaInfo(MediaInfo.Kind.CD_IMAGE, title(iso, system), system, iso.bootable(), size);
        } catch (TerrariumException e) {
            if (namedIso) {
                throw e;
            }
        }
        if (size == 0) {
            throw new TerrariumException(file + " is empty: choose a CD image, a disk image or a kernel");
        }
        Optional<ImageFormat> format = ImageFormats.probe(file);
        if (format.isPresent()) {
            return new MediaInfo(
                    MediaInfo.Kind.DISK_IMAGE, format.get().name() + " disk image", "other", boots(file, ""), size);
        }
        boolean boots = head.limit() >= 512 && (head.getShort(MBR_SIGNATURE_OFFSET) & 0xFFFF) == 0xAA55;
        if (!boots && size % 512 != 0) {
            throw new TerrariumException(
                    file + " is neither a CD image, nor a disk image, nor a kernel: choose another file");
        }
        return new MediaInfo(MediaInfo.Kind.DISK_IMAGE, "Disk image", "other", boots, size);
    }

    private static boolean boots(Path image, String format) throws TerrariumException {
        try (DiskImage disk = ImageFormats.open(image, format, true, AllowedFolders.own())) {
            return BootRecord.isOn(disk);
        } catch (IOException e) {
            throw new TerrariumException(image + " cannot be read: " + e.getMessage(), e);
        }
    }

    private static MediaInfo.@Nullable Kind kernelKind(ByteBuffer head) {
        if (head.limit() >= LINUX_MAGIC_OFFSET + 4 && head.getInt(LINUX_MAGIC_OFFSET) == LINUX_MAGIC) {
            return MediaInfo.Kind.LINUX_KERNEL;
        }
        for (int at = 0; at + 12 <= head.limit(); at += 4) {
            if (head.getInt(at) == MULTIBOOT_MAGIC
                    && head.getInt(at) + head.getInt(at + 4) + head.getInt(at + 8) == 0) {
                return MediaInfo.Kind.MULTIBOOT_KERNEL;
            }
        }
        return null;
    }

    private static String title(IsoInfo iso, String system) {
        String label = iso.label().isBlank() ? "CD image" : iso.label();
        if (system.equals("other")) {
            return label;
        }
        return dev.terrarium.engine.config.GuestSystem.of(system).title() + " (" + label + ")";
    }

    static void createDisk(Path image, long bytes, DriveConfig.Format format) throws TerrariumException {
        try {
            Files.createDirectories(image.getParent());
        } catch (IOException e) {
            throw new TerrariumException(
                    image.getParent() + " cannot be made (" + e.getMessage() + "): check permissions", e);
        }
        try {
            ImageFormats.create(image, format.imageFormat(), bytes, Map.of(), AllowedFolders.own());
        } catch (IOException e) {
            throw new TerrariumException(image + " cannot be created: " + e.getMessage(), e);
        }
    }
}
