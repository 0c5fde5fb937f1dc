// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.qcow2;

import java.util.ArrayList;
import java.util.List;

/** What a check finds, counted; the first of it in words. */
final class Findings {
    private static final int MOST_MESSAGES = 200;

    final List<String> messages = new ArrayList<>();
    long corruptions;
    long leaks;

    /** Corruptions of refcounts and COPIED flags, which tables tell how to mend. */
    long mendable;

    /** The refcounts' own tables are damaged: they can only be made anew. */
    boolean rebuild;

    void corruption(String what) {
        corruptions++;
        say("corrupt: " + what);
    }

    void mendable(String what) {
        mendable++;
        corruption(what);
    }

    void rebuild(String what) {
        rebuild = true;
        mendable(what);
    }

    void leak(String what) {
        leaks++;
        say("leaked: " + what);
    }

    private void say(String line) {
        if (messages.size() < MOST_MESSAGES) {
            messages.add(line);
        } else if (messages.size() == MOST_MESSAGES) {
            messages.add("and more");
        }
    }
}
