// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.wizards;

import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Supplier;
import javafx.beans.property.ReadOnlyBooleanProperty;
import javafx.beans.property.ReadOnlyBooleanWrapper;

/** Asks the host in the background; of several questions only the last one's answer counts. */
final class Lookup {
    private final Executor background;
    private final Executor window;
    private final ReadOnlyBooleanWrapper waiting = new ReadOnlyBooleanWrapper();
    private int asked;

    Lookup(Executor background, Executor window) {
        this.background = background;
        this.window = window;
    }

    /** Asks; {@code answer} is called on the window's thread unless another question comes first. */
    <T> void ask(Supplier<T> question, Consumer<T> answer) {
        int number = ++asked;
        waiting.set(true);
        background.execute(() -> {
            T found = question.get();
            window.execute(() -> {
                if (number == asked) {
                    waiting.set(false);
                    answer.accept(found);
                }
            });
        });
    }

    /** Is there a question without an answer? */
    ReadOnlyBooleanProperty waitingProperty() {
        return waiting.getReadOnlyProperty();
    }
}
