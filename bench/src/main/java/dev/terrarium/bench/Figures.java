// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.bench;

import java.util.Collection;
import java.util.List;

/** Averages of measurements. */
final class Figures {
    private Figures() {}

    /** The middle one; the mean of the two in the middle if their number is even. */
    static double median(Collection<Double> values) {
        if (values.isEmpty()) {
            throw new IllegalArgumentException("the median of nothing");
        }
        List<Double> sorted = values.stream().sorted().toList();
        int middle = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }

    /** The geometric mean of positive numbers. */
    static double geometricMean(Collection<Double> values) {
        if (values.isEmpty()) {
            throw new IllegalArgumentException("the mean of nothing");
        }
        double logarithms = 0;
        for (double value : values) {
            if (value <= 0) {
                throw new IllegalArgumentException("not positive: " + value);
            }
            logarithms += Math.log(value);
        }
        return Math.exp(logarithms / values.size());
    }
}
