// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

/** Something a person should know; shown in a corner of the window, never in its way. */
record Notice(Kind kind, String title, String text) {
    /** How much it matters; errors stay until they are closed. */
    enum Kind {
        DONE,
        WARNING,
        ERROR
    }
}
