// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device;

/** A saved device state that no device can have: it comes from a damaged or forged file. */
public final class InvalidStateException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public InvalidStateException(String message) {
        super(message);
    }

    /** Throws with {@code message} unless {@code valid}. */
    public static void require(boolean valid, String message) {
        if (!valid) {
            throw new InvalidStateException(message);
        }
    }
}
