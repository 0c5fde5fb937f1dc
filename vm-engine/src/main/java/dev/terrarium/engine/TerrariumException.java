// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine;

import org.jspecify.annotations.Nullable;

/**
 * Something a person asked for could not be done. The message is one line for that person: what is wrong, then what to
 * do about it, as in {@code "debian.iso is not a CD image: choose an ISO 9660 file"}.
 */
public class TerrariumException extends Exception {
    private static final long serialVersionUID = 1L;

    public TerrariumException(String message) {
        super(message);
    }

    public TerrariumException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }

    /** The line; never null. */
    @Override
    public String getMessage() {
        return String.valueOf(super.getMessage());
    }
}
