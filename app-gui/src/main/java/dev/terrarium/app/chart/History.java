// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.chart;

import javafx.beans.property.ReadOnlyIntegerProperty;
import javafx.beans.property.ReadOnlyIntegerWrapper;

/** The last samples of one figure, each a share between 0 and 1; the oldest makes room for the newest. */
public final class History {
    private final double[] samples;
    private final ReadOnlyIntegerWrapper revision = new ReadOnlyIntegerWrapper();
    private int oldest;
    private int size;

    public History(int capacity) {
        samples = new double[capacity];
    }

    public void add(double share) {
        samples[(oldest + size) % samples.length] = Math.clamp(share, 0, 1);
        if (size < samples.length) {
            size++;
        } else {
            oldest = (oldest + 1) % samples.length;
        }
        revision.set(revision.get() + 1);
    }

    public void clear() {
        size = 0;
        oldest = 0;
        revision.set(revision.get() + 1);
    }

    public int size() {
        return size;
    }

    public int capacity() {
        return samples.length;
    }

    /** A sample; 0 is the oldest. */
    public double get(int index) {
        if (index < 0 || index >= size) {
            throw new IndexOutOfBoundsException(index);
        }
        return samples[(oldest + index) % samples.length];
    }

    /** The newest sample, 0 if there is none. */
    public double last() {
        return size == 0 ? 0 : get(size - 1);
    }

    /** Changes with every sample. */
    public ReadOnlyIntegerProperty revisionProperty() {
        return revision.getReadOnlyProperty();
    }
}
