// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app;

import dev.terrarium.app.cli.Window;
import dev.terrarium.app.window.Desktop;
import dev.terrarium.engine.TerrariumException;
import java.nio.file.Path;
import java.util.Optional;

/** The seam between the command line and the window, so that commands load no window toolkit. */
final class DesktopWindow implements Window {
    @Override
    public int open(Path home, Optional<Request> request) throws TerrariumException {
        try {
            return Desktop.open(
                    home,
                    request.map(Request::machine),
                    request.map(Request::start).orElse(false));
        } catch (UnsupportedOperationException e) {
            throw new TerrariumException(
                    "the display cannot be opened (" + e.getMessage()
                            + "): check DISPLAY, or use the commands, see terrarium --help",
                    e);
        }
    }
}
