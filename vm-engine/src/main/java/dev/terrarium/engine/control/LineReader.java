// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.control;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Reads a line without reading beyond it, because what follows may be a stream of another kind. */
final class LineReader {
    private LineReader() {}

    /** A line that is longer than the reader wants. */
    static final class LineTooLongException extends IOException {
        private static final long serialVersionUID = 1L;

        LineTooLongException(int maximumBytes) {
            super("a line of more than " + maximumBytes + " bytes");
        }
    }

    /** The next line without its end; null at the end of the stream. */
    static @Nullable String read(InputStream input, int maximumBytes) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int next = input.read(); next != '\n'; next = input.read()) {
            if (next < 0) {
                return null;
            }
            if (line.size() >= maximumBytes) {
                throw new LineTooLongException(maximumBytes);
            }
            line.write(next);
        }
        return line.toString(StandardCharsets.UTF_8);
    }
}
