// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.wizards;

import dev.terrarium.engine.config.MachineConfig.NetworkConfig;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;

/** How the wizard reads and writes numbers, paths and sentences. */
final class Texts {
    private static final long KIB = 1024;
    private static final String HOME_PREFIX = "~/";

    private Texts() {}

    static String sentence(String text) {
        return text.isEmpty() ? text : text.substring(0, 1).toUpperCase(Locale.ROOT) + text.substring(1);
    }

    /** A size with a unit, as {@code 3.5 GiB}. */
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

    static OptionalLong number(String text) {
        String digits = text.strip();
        if (!digits.matches("[0-9]{1,12}")) {
            return OptionalLong.empty();
        }
        return OptionalLong.of(Long.parseLong(digits));
    }

    /** The absolute path that somebody typed; {@code ~/} is the home folder. */
    static Optional<Path> path(String typed) {
        String text = typed.strip();
        if (text.isEmpty()) {
            return Optional.empty();
        }
        try {
            Path path = text.startsWith(HOME_PREFIX)
                    ? Path.of(System.getProperty("user.home"), text.substring(HOME_PREFIX.length()))
                    : Path.of(text);
            return Optional.of(path.toAbsolutePath().normalize());
        } catch (InvalidPathException e) {
            return Optional.empty();
        }
    }

    /** What a network card is connected to. */
    static String network(NetworkConfig.Kind kind) {
        return switch (kind) {
            case NAT -> "NAT: out through this computer";
            case UNPLUGGED -> "Card without a cable";
            case NONE -> "None";
        };
    }
}
