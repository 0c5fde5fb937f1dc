// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.net;

import java.util.ArrayList;
import java.util.List;

/** Which stretches of sequence numbers came before those ahead of them (RFC 9293, section 3.10.7.4: they are kept). */
final class EarlyData {
    private static final int MOST = 64;

    private record Stretch(int from, int to) {}

    private final List<Stretch> stretches = new ArrayList<>();

    boolean isFull() {
        return stretches.size() >= MOST;
    }

    /** The numbers {@code from} on, until before {@code to}, came. */
    void add(int from, int to) {
        if (from == to) {
            return;
        }
        int start = from;
        int end = to;
        List<Stretch> apart = new ArrayList<>();
        for (Stretch each : stretches) {
            if (each.to - start < 0 || each.from - end > 0) {
                apart.add(each);
            } else {
                start = each.from - start < 0 ? each.from : start;
                end = each.to - end > 0 ? each.to : end;
            }
        }
        apart.add(new Stretch(start, end));
        stretches.clear();
        stretches.addAll(apart);
    }

    /** How far what came reaches now that all before {@code expected} is there; forgets what that covers. */
    int reaches(int expected) {
        int end = expected;
        for (Stretch each : List.copyOf(stretches)) {
            if (each.from - expected <= 0) {
                stretches.remove(each);
                end = each.to - end > 0 ? each.to : end;
            }
        }
        return end;
    }
}
