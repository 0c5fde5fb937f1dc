// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.bench;

import java.nio.file.Path;

/** A Linux guest to run: a kernel, an initrd that prints GUEST-UP, and a command for it. */
record Guest(Path kernel, Path initrd, String command, int memoryMiB) {
    String commandLine() {
        return "console=ttyS0 quiet run=" + command.replace(' ', '+');
    }
}
