// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import dev.terrarium.engine.config.DriveIo;
import dev.terrarium.engine.config.MachineConfig.DriveConfig;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * The value of {@code --disk}: {@code size=20} for a new image, {@code path=FILE} for one that exists, each with further
 * {@code key=value} pairs. A comma inside a path is written twice.
 *
 * @param bus null if nothing was said
 */
record DiskOption(
        @Nullable Path path,
        long gibibytes,
        DriveConfig.Format format,
        DriveConfig.@Nullable Bus bus,
        boolean readOnly,
        DriveIo io)
        implements ITypeConverter<DiskOption> {
    private static final String ESCAPED_COMMA = "\uE000";

    /** For picocli, which makes its converters this way. */
    DiskOption() {
        this(null, 0, DriveConfig.Format.AUTO, null, false, DriveIo.DEFAULT);
    }

    @Override
    public DiskOption convert(String value) {
        Path file = null;
        long size = 0;
        boolean writeProtected = false;
        DriveConfig.Format format = DriveConfig.Format.AUTO;
        DriveConfig.Bus bus = null;
        DriveIoOption io = new DriveIoOption(DriveIo.DEFAULT);
        for (String part : value.replace(",,", ESCAPED_COMMA).split(",", -1)) {
            int equals = part.indexOf('=');
            String key = equals < 0 ? part : part.substring(0, equals);
            String text = equals < 0 ? "" : part.substring(equals + 1).replace(ESCAPED_COMMA, ",");
            switch (key) {
                case "size" -> size = size(text);
                case "path" -> {
                    if (text.isEmpty()) {
                        throw new TypeConversionException("path= needs a file");
                    }
                    file = Path.of(text);
                }
                case "readonly", "ro" -> writeProtected = !text.equals("off") && !text.equals("no");
                case "format" -> format = format(text);
                case "bus" -> bus = bus(text);
                default -> {
                    if (!io.take(key, text)) {
                        throw new TypeConversionException("\"" + key
                                + "\" is nothing a disk has, use size= path= format= bus= readonly "
                                + DriveIoOption.KEYS);
                    }
                }
            }
        }
        if ((file == null) == (size == 0)) {
            throw new TypeConversionException("a disk is either new (size=20) or there already (path=FILE)");
        }
        if (file == null && writeProtected) {
            throw new TypeConversionException("a new disk cannot be readonly");
        }
        if (file == null && format == DriveConfig.Format.AUTO) {
            format = DriveConfig.Format.RAW;
        }
        return new DiskOption(file, size, format, bus, writeProtected, io.result());
    }

    private static DriveConfig.Format format(String text) {
        return DriveConfig.Format.of(text)
                .orElseThrow(() -> new TypeConversionException("there is no format=" + text + ", use one of "
                        + Arrays.stream(DriveConfig.Format.values())
                                .map(DriveConfig.Format::imageFormat)
                                .filter(each -> !each.isEmpty())
                                .collect(Collectors.joining(" "))));
    }

    private static long size(String text) {
        String digits = text.replaceFirst("(?i)(gib|gb|g)$", "");
        if (!digits.matches("[1-9]\\d{0,8}")) {
            throw new TypeConversionException("\"" + text + "\" is no size, write a number of GiB such as size=20");
        }
        return Long.parseLong(digits);
    }

    private static DriveConfig.Bus bus(String text) {
        return switch (text) {
            case "ide" -> DriveConfig.Bus.IDE;
            case "virtio" -> DriveConfig.Bus.VIRTIO;
            default ->
                throw new TypeConversionException("this version has no bus=" + text + ", use bus=ide or bus=virtio");
        };
    }

    /** How the disk is attached: as was said, or as {@code usual}. */
    DriveConfig.Bus busOr(DriveConfig.Bus usual) {
        return bus == null ? usual : bus;
    }
}
