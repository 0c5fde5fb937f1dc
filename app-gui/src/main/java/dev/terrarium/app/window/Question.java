// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import java.util.List;
import java.util.Optional;

/**
 * A question that must be answered before something is lost.
 *
 * @param text what will happen
 * @param lines what it will happen to, one line each
 * @param confirm what the button that does it says
 * @param alternative what the button says that does it without losing anything, if there is such a way
 */
record Question(
        String title,
        String text,
        List<String> lines,
        Optional<Option> option,
        String confirm,
        Optional<String> alternative) {
    Question {
        lines = List.copyOf(lines);
    }

    /** A question with one thing to do, or not. */
    Question(String title, String text, List<String> lines, Optional<Option> option, String confirm) {
        this(title, text, lines, option, confirm, Optional.empty());
    }

    /**
     * A box to tick.
     *
     * @param lines shown too while it is ticked
     * @param ticked at first
     */
    record Option(String text, List<String> lines, boolean ticked) {
        /** A box that is not ticked at first. */
        Option(String text, List<String> lines) {
            this(text, lines, false);
        }

        Option {
            lines = List.copyOf(lines);
        }
    }

    /**
     * What a person answered.
     *
     * @param confirmed do it
     * @param option the box is ticked
     * @param alternative do it in the other way; then {@code confirmed} is false
     */
    record Answer(boolean confirmed, boolean option, boolean alternative) {
        static final Answer CANCEL = new Answer(false, false, false);
    }
}
