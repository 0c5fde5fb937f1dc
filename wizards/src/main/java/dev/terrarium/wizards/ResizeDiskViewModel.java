// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.wizards;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.disk.DiskSizes;
import java.util.Locale;
import javafx.beans.binding.Bindings;
import javafx.beans.binding.BooleanBinding;
import javafx.beans.property.BooleanProperty;
import javafx.beans.property.ReadOnlyStringProperty;
import javafx.beans.property.ReadOnlyStringWrapper;
import javafx.beans.property.SimpleBooleanProperty;
import javafx.beans.property.SimpleStringProperty;
import javafx.beans.property.StringProperty;

/** Another size for a disk, as typed. Making it smaller needs a person's consent. */
final class ResizeDiskViewModel {
    private static final long SECTOR = 512;
    private static final double GIB = 1L << 30;

    final StringProperty size = new SimpleStringProperty("");
    final StringProperty problem = new SimpleStringProperty("");
    final BooleanProperty consent = new SimpleBooleanProperty();

    private final long before;
    private final ReadOnlyStringWrapper effect = new ReadOnlyStringWrapper("");
    private final BooleanProperty shrinks = new SimpleBooleanProperty();
    private final BooleanProperty changes = new SimpleBooleanProperty();
    private final BooleanBinding valid;
    private long bytes;

    /** @param before bytes that the disk has now */
    ResizeDiskViewModel(long before) {
        this.before = before;
        valid = Bindings.createBooleanBinding(
                () -> problem.get().isEmpty() && changes.get() && (!shrinks.get() || consent.get()),
                problem,
                changes,
                shrinks,
                consent);
        size.subscribe(this::check);
        size.set(plain(before / GIB));
    }

    private static String plain(double gibibytes) {
        return gibibytes == Math.rint(gibibytes)
                ? Long.toString((long) gibibytes)
                : String.format(Locale.ROOT, "%.2f", gibibytes);
    }

    private void check(String typed) {
        changes.set(false);
        shrinks.set(false);
        consent.set(false);
        effect.set("");
        try {
            String text = typed.strip();
            if (!text.matches("[0-9]{1,8}([.][0-9]{1,4})?")) {
                problem.set("Write a number of GiB, as 20 or 1.5");
                return;
            }
            bytes = (DiskSizes.parse(text + "G") + SECTOR - 1) / SECTOR * SECTOR;
        } catch (TerrariumException e) {
            problem.set(Texts.sentence(e.getMessage()));
            return;
        }
        if (bytes <= 0) {
            problem.set("A disk has more than 0 GiB");
            return;
        }
        problem.set("");
        // The size as it is now may be shown rounded.
        if (typed.strip().equals(plain(before / GIB))) {
            bytes = before;
        }
        changes.set(bytes != before);
        shrinks.set(bytes < before);
        if (bytes > before) {
            effect.set("The guest gets " + Texts.size(bytes - before)
                    + " more at the end of its disk; it has to make its partitions larger itself");
        } else if (bytes < before) {
            effect.set("The last " + Texts.size(before - bytes) + " of the disk are cut off, with all that is there."
                    + " Make the partitions and file systems inside smaller first");
        } else {
            effect.set("It has " + Texts.size(before) + " now");
        }
    }

    /** What the new size does. */
    ReadOnlyStringProperty effectProperty() {
        return effect.getReadOnlyProperty();
    }

    /** Would something be lost? */
    BooleanProperty shrinks() {
        return shrinks;
    }

    BooleanBinding valid() {
        return valid;
    }

    DiskDialogs.NewSize result() {
        return new DiskDialogs.NewSize(bytes, shrinks.get());
    }
}
