// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.wizards;

import dev.terrarium.engine.Snapshot;
import java.util.Set;
import javafx.beans.binding.BooleanBinding;
import javafx.beans.property.BooleanProperty;
import javafx.beans.property.ObjectProperty;
import javafx.beans.property.SimpleBooleanProperty;
import javafx.beans.property.SimpleObjectProperty;
import javafx.beans.property.SimpleStringProperty;
import javafx.beans.property.StringProperty;

/** A snapshot's name, description and kind, as typed. */
final class SnapshotViewModel {
    private static final int LONGEST_NAME = 120;

    final StringProperty name = new SimpleStringProperty("");
    final StringProperty nameProblem = new SimpleStringProperty("");
    final StringProperty description = new SimpleStringProperty("");
    final BooleanProperty memory = new SimpleBooleanProperty();
    final ObjectProperty<Snapshot.Storage> storage = new SimpleObjectProperty<>(Snapshot.Storage.OVERLAY);

    private final Set<String> taken;
    private final boolean running;
    private final BooleanBinding valid;

    /**
     * @param taken names that it cannot have
     * @param running whether the machine is on, and so has memory to keep
     */
    SnapshotViewModel(String name, String description, Set<String> taken, boolean running) {
        this.taken = Set.copyOf(taken);
        this.running = running;
        memory.set(running);
        valid = nameProblem.isEmpty();
        this.name.subscribe(this::check);
        this.name.set(name);
        this.description.set(description);
    }

    /** {@code Snapshot 3}: the first number that is free. */
    static String proposal(Set<String> taken) {
        int number = taken.size() + 1;
        while (taken.contains("Snapshot " + number)) {
            number++;
        }
        return "Snapshot " + number;
    }

    private void check(String typed) {
        String text = typed.strip();
        if (text.isEmpty()) {
            nameProblem.set("Give it a name");
        } else if (text.length() > LONGEST_NAME) {
            nameProblem.set("A name has up to " + LONGEST_NAME + " characters");
        } else if (taken.contains(text)) {
            nameProblem.set("There is a snapshot of this name already");
        } else {
            nameProblem.set("");
        }
    }

    boolean running() {
        return running;
    }

    BooleanBinding valid() {
        return valid;
    }

    /** What to take; only while {@link #valid}. */
    Snapshot.Request request() {
        return new Snapshot.Request(
                name.get().strip(), description.get().strip(), running && memory.get(), storage.get());
    }

    /** Another name and description; only while {@link #valid}. */
    SnapshotDialogs.Edit edit() {
        return new SnapshotDialogs.Edit(name.get().strip(), description.get().strip());
    }
}
