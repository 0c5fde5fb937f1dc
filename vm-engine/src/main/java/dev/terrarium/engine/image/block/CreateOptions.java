// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.block;

import dev.terrarium.engine.TerrariumException;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What was given with {@code -o} when an image is made. */
public final class CreateOptions {
    private final String format;
    private final Map<String, String> options;

    /**
     * @param format its name, for messages
     * @param known the options it has
     * @throws TerrariumException if there is one that it has not
     */
    public CreateOptions(String format, Map<String, String> options, Iterable<String> known) throws TerrariumException {
        this.format = format;
        this.options = options;
        for (String name : options.keySet()) {
            boolean there = false;
            for (String each : known) {
                there |= each.equals(name);
            }
            if (!there) {
                throw new TerrariumException(format + " images have no option \"" + name
                        + "\": leave it out, or use one of " + String.join(", ", known));
            }
        }
    }

    /** One of a number of words. */
    public String word(String name, String otherwise, List<String> words) throws TerrariumException {
        String value = options.getOrDefault(name, otherwise);
        if (!words.contains(value)) {
            throw new TerrariumException(
                    format + " has no " + name + " \"" + value + "\": use one of " + String.join(", ", words));
        }
        return value;
    }

    /** Any text. */
    public String text(String name, String otherwise) {
        return options.getOrDefault(name, otherwise);
    }

    /** {@code on} or {@code off}. */
    public boolean flag(String name, boolean otherwise) throws TerrariumException {
        return switch (options.getOrDefault(name, otherwise ? "on" : "off")) {
            case "on", "true", "yes", "y" -> true;
            case "off", "false", "no", "n" -> false;
            default -> throw new TerrariumException(name + " is " + options.get(name) + ": write on or off");
        };
    }

    /** Bytes, perhaps with one of the suffixes k, M, G, T (powers of 1024). */
    public long bytes(String name, long otherwise) throws TerrariumException {
        String value = options.get(name);
        if (value == null) {
            return otherwise;
        }
        String digits = value.replaceFirst("[bBkKmMgGtT]$", "");
        String suffix = value.substring(digits.length()).toLowerCase(Locale.ROOT);
        int shift = "bkmgt".indexOf(suffix.isEmpty() ? "b" : suffix) * 10;
        if (!digits.matches("[0-9]{1,15}") || Long.parseLong(digits) > Long.MAX_VALUE >> shift) {
            throw new TerrariumException(name + " is " + value + ": write a number of bytes, as 1048576 or 1M");
        }
        return Long.parseLong(digits) << shift;
    }
}
