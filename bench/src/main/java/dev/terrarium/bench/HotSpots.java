// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.bench;

import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import jdk.jfr.consumer.RecordedFrame;

/** Counts at which method and line stacks had their top. */
final class HotSpots {
    private final Map<String, Integer> methods = new HashMap<>();
    private final Map<String, Integer> lines = new HashMap<>();
    private int samples;

    /** One sample's frames, the top first. */
    void add(List<RecordedFrame> frames) {
        if (!frames.isEmpty()) {
            RecordedFrame frame = frames.getFirst();
            String type = frame.getMethod().getType().getName();
            add(
                    type.substring(type.lastIndexOf('.') + 1) + "."
                            + frame.getMethod().getName(),
                    frame.getLineNumber());
        }
    }

    void add(String method, int line) {
        samples++;
        methods.merge(method, 1, Integer::sum);
        lines.merge(method + ":" + line, 1, Integer::sum);
    }

    /** The most frequent, with their share of all samples. */
    String text(int top) {
        Table byMethod = new Table("method", "share");
        most(methods, top).forEach(entry -> byMethod.add(entry.getKey(), share(entry.getValue())));
        Table byLine = new Table("line", "share");
        most(lines, top).forEach(entry -> byLine.add(entry.getKey(), share(entry.getValue())));
        return samples + " samples\n" + byMethod.text() + "\n" + byLine.text();
    }

    private static List<Map.Entry<String, Integer>> most(Map<String, Integer> counts, int top) {
        return counts.entrySet().stream()
                .sorted(Map.Entry.<String, Integer>comparingByValue(Comparator.reverseOrder())
                        .thenComparing(Map.Entry.comparingByKey()))
                .limit(top)
                .toList();
    }

    private String share(int count) {
        return String.format(Locale.ROOT, "%.1f %%", 100.0 * count / samples);
    }
}
