// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.bench;

/** A benchmark that cannot go on; the message is one line and says what to do. */
final class BenchException extends Exception {
    private static final long serialVersionUID = 1L;

    BenchException(String message) {
        super(message);
    }

    BenchException(String message, Throwable cause) {
        super(message, cause);
    }
}
