// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app;

import dev.terrarium.app.cli.CommandLineApplication;

/** Where the application begins: the command line, which opens the window when there is no command. */
public final class Main {
    private Main() {}

    public static void main(String[] arguments) {
        System.exit(CommandLineApplication.standard(new DesktopWindow()).run(arguments));
    }
}
