// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.config.DriveIo;
import dev.terrarium.engine.config.Throttle;
import dev.terrarium.engine.config.Throttle.Limit;
import dev.terrarium.engine.disk.DiskSizes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import picocli.CommandLine.TypeConversionException;

/** The keys of {@code --disk} that say how requests reach the image, with QEMU's words, taken one by one. */
final class DriveIoOption {
    static final String KEYS = "cache= discard= onerror= shareable throttling.iops-total= throttling.bps-total= ...";

    /** QEMU's words, with its older short ones. */
    private static final Pattern LIMIT =
            Pattern.compile("(?:throttling\\.)?(bps|iops)(?:-(total|read|write))?(-max(-length)?)?");

    private static final List<String> DIRECTIONS = List.of("total", "read", "write");

    private DriveIo io;

    DriveIoOption(DriveIo before) {
        this.io = before;
    }

    DriveIo result() {
        return io;
    }

    /** Takes one key and its value; false if it is none of these. */
    boolean take(String key, String text) {
        Matcher limit = LIMIT.matcher(key.replace('_', '-'));
        if (limit.matches()) {
            io = io.withThrottle(limited(limit, key, text));
            return true;
        }
        DriveIo.Cache cache = io.cache();
        DriveIo.OnError onError = io.onError();
        DriveIo.Discard discard = io.discard();
        boolean shareable = io.shareable();
        switch (key) {
            case "cache" -> cache = word(DriveIo.Cache.class, key, text);
            case "onerror" -> onError = word(DriveIo.OnError.class, key, text);
            case "discard" -> discard = word(DriveIo.Discard.class, key, text);
            case "shareable" -> shareable = !text.equals("off") && !text.equals("no");
            default -> {
                return false;
            }
        }
        io = new DriveIo(cache, onError, discard, shareable, io.throttle());
        return true;
    }

    private static <E extends Enum<E>> E word(Class<E> words, String key, String text) {
        for (E each : words.getEnumConstants()) {
            if (lower(each).equals(text)) {
                return each;
            }
        }
        throw new TypeConversionException("there is no " + key + "=" + text + ", use one of "
                + Arrays.stream(words.getEnumConstants())
                        .map(DriveIoOption::lower)
                        .collect(Collectors.joining(" ")));
    }

    private static String lower(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    private Throttle limited(Matcher limit, String key, String text) {
        long number;
        try {
            number = DiskSizes.parse(text);
        } catch (TerrariumException e) {
            throw new TypeConversionException(key + "=" + text + " is no number, write one such as 500 or 20M");
        }
        int at = DIRECTIONS.indexOf(limit.group(2) == null ? "total" : limit.group(2))
                + (limit.group(1).equals("bps") ? 0 : DIRECTIONS.size());
        List<Limit> limits = limits(io.throttle());
        Limit old = limits.get(at);
        if (limit.group(3) == null) {
            limits.set(at, number == 0 ? Limit.NONE : new Limit(number, old.burst(), old.burstSeconds()));
        } else if (limit.group(4) == null) {
            limits.set(at, new Limit(old.average(), number, number == 0 ? 1 : old.burstSeconds()));
        } else {
            limits.set(at, new Limit(old.average(), old.burst(), (int) Math.min(Integer.MAX_VALUE, number)));
        }
        return new Throttle(limits.get(0), limits.get(1), limits.get(2), limits.get(3), limits.get(4), limits.get(5));
    }

    private static List<Limit> limits(Throttle throttle) {
        return new ArrayList<>(List.of(
                throttle.bpsTotal(),
                throttle.bpsRead(),
                throttle.bpsWrite(),
                throttle.iopsTotal(),
                throttle.iopsRead(),
                throttle.iopsWrite()));
    }

    /** What differs from the usual, as {@code --disk} takes it, each after a comma and a space. */
    static String text(DriveIo io) {
        StringBuilder text = new StringBuilder();
        if (io.cache() != DriveIo.DEFAULT.cache()) {
            text.append(", cache=").append(lower(io.cache()));
        }
        if (io.onError() != DriveIo.DEFAULT.onError()) {
            text.append(", onerror=").append(lower(io.onError()));
        }
        if (io.discard() != DriveIo.DEFAULT.discard()) {
            text.append(", discard=").append(lower(io.discard()));
        }
        if (io.shareable()) {
            text.append(", shareable");
        }
        List<Limit> limits = limits(io.throttle());
        for (int i = 0; i < limits.size(); i++) {
            Limit limit = limits.get(i);
            String name = ", throttling." + (i < DIRECTIONS.size() ? "bps-" : "iops-")
                    + DIRECTIONS.get(i % DIRECTIONS.size());
            if (limit.average() > 0) {
                text.append(name).append('=').append(limit.average());
            }
            if (limit.burst() > 0) {
                text.append(name).append("-max=").append(limit.burst());
            }
            if (limit.burstSeconds() > 1) {
                text.append(name).append("-max-length=").append(limit.burstSeconds());
            }
        }
        return text.toString();
    }
}
