// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.clipboard;

import java.io.IOException;

/** Bytes that are no message of the extended clipboard. */
public final class ClipboardException extends IOException {
    private static final long serialVersionUID = 1L;

    ClipboardException(String message) {
        super(message);
    }
}
