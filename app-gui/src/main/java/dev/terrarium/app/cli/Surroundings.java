// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.util.Map;

/** What a command sees of the process it runs in. */
record Surroundings(
        Window window, Map<String, String> environment, InputStream input, OutputStream output, PrintWriter errors) {

    /** Could a window be shown? */
    boolean display() {
        return !environment.getOrDefault("DISPLAY", "").isEmpty()
                || !environment.getOrDefault("WAYLAND_DISPLAY", "").isEmpty();
    }
}
