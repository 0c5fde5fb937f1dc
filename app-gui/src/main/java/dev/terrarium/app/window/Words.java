// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import dev.terrarium.engine.MachineState;
import dev.terrarium.engine.config.CpuModel;
import dev.terrarium.engine.config.MachineConfig.Accelerator;
import dev.terrarium.engine.config.MachineConfig.BootDevice;
import dev.terrarium.engine.config.MachineConfig.NetworkConfig;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** How the window says sizes, times and states. */
final class Words {
    private static final long KIB = 1024;
    private static final DateTimeFormatter MOMENT =
            DateTimeFormatter.ofPattern("d MMM yyyy, HH:mm", Locale.ENGLISH).withZone(ZoneId.systemDefault());

    private Words() {}

    static String sentence(String text) {
        return text.isEmpty() ? text : text.substring(0, 1).toUpperCase(Locale.ROOT) + text.substring(1);
    }

    static String size(long bytes) {
        String[] units = {"bytes", "KiB", "MiB", "GiB", "TiB"};
        double value = bytes;
        int unit = 0;
        while (value >= KIB && unit < units.length - 1) {
            value /= KIB;
            unit++;
        }
        boolean whole = value == Math.rint(value) || value >= 100;
        return String.format(Locale.ROOT, whole ? "%.0f %s" : "%.1f %s", value, units[unit]);
    }

    /** Date and time of day, here: {@code 14 Nov 2026, 09:30}. */
    static String moment(Instant time) {
        return MOMENT.format(time);
    }

    static String percent(double share) {
        return Math.round(share * 100) + " %";
    }

    static String duration(long nanos) {
        Duration time = Duration.ofNanos(nanos);
        if (time.toHours() > 0) {
            return time.toHours() + " h " + time.toMinutesPart() + " min";
        }
        return time.toMinutes() > 0
                ? time.toMinutes() + " min " + time.toSecondsPart() + " s"
                : time.toSeconds() + " s";
    }

    /** How fast: {@code 48 MiB/s}. */
    static String rate(long bytesPerSecond) {
        return size(bytesPerSecond) + "/s";
    }

    /** How long it still takes, never less than a second. */
    static String left(long nanos) {
        return duration(Math.max(nanos, 1_000_000_000L) + 500_000_000L) + " left";
    }

    static String state(MachineState state) {
        return switch (state) {
            case OFF -> "Off";
            case STARTING -> "Starting";
            case RUNNING -> "Running";
            case PAUSED -> "Paused";
            case SAVED -> "Saved";
            case CRASHED -> "Crashed";
        };
    }

    /** What runs instructions, as {@code MachineStatistics} names it. */
    static String accelerator(String name) {
        return switch (name) {
            case "software" -> "Software CPU";
            case "kvm" -> "KVM";
            default -> name;
        };
    }

    static String accelerator(Accelerator configured) {
        return switch (configured) {
            case AUTO -> "Automatic";
            case KVM -> "KVM";
            case SOFTWARE -> "Software CPU";
        };
    }

    static String processorModel(CpuModel model) {
        return model == CpuModel.BEST ? "Best" : model.id();
    }

    static String bootOrder(List<BootDevice> order) {
        return sentence(order.stream()
                .map(device -> switch (device) {
                    case CDROM -> "CD";
                    case DISK -> "disk";
                    case NETWORK -> "network";
                })
                .collect(Collectors.joining(", then ")));
    }

    /** What a machine's network cards are connected to. */
    static String networks(List<NetworkConfig> cards) {
        String words = cards.stream()
                .filter(each -> each.kind() != NetworkConfig.Kind.NONE)
                .map(each -> each.kind() == NetworkConfig.Kind.NAT ? "NAT" + forwards(each) : "Not connected")
                .collect(Collectors.joining("; "));
        return words.isEmpty() ? "None" : words;
    }

    private static String forwards(NetworkConfig card) {
        return card.forwards().isEmpty()
                ? ""
                : ", forwards "
                        + card.forwards().stream()
                                .map(each -> each.hostPort() + " to " + each.guestPort())
                                .collect(Collectors.joining(", "));
    }
}
