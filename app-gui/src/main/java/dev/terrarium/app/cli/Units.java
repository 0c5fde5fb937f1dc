// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import java.time.Duration;
import java.util.Locale;

/** Figures as people read them. */
final class Units {
    private static final String[] SIZES = {"B", "KiB", "MiB", "GiB", "TiB"};

    private Units() {}

    static String bytes(long count) {
        double value = count;
        int unit = 0;
        while (value >= 1024 && unit < SIZES.length - 1) {
            value /= 1024;
            unit++;
        }
        boolean whole = unit == 0 || value >= 100 || value == Math.rint(value);
        return String.format(Locale.ROOT, whole ? "%.0f %s" : "%.1f %s", value, SIZES[unit]);
    }

    static String time(long nanos) {
        Duration time = Duration.ofNanos(nanos);
        return String.format(Locale.ROOT, "%d:%02d:%02d", time.toHours(), time.toMinutesPart(), time.toSecondsPart());
    }
}
