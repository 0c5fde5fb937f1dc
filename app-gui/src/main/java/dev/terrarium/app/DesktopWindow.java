// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app;

import dev.terrarium.app.cli.Window;
import dev.terrarium.engine.TerrariumException;
import java.nio.file.Path;
import java.util.Optional;

/** The seam between the command line and the window, so that commands load no window toolkit. */
final class DesktopWindow implements Window {
    @Override
    public int open(Path home, Optional<Request> request) throws TerrariumException {
        throw new TerrariumException("this build has no window: use start --headless, see terrarium --help");
    }
}
