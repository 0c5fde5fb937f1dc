// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine;

import java.io.Closeable;
import java.io.InputStream;
import java.io.OutputStream;

/** A byte stream to a machine's RFB server (RFC 6143) or serial line, as a memory pipe or a local socket. */
public interface ConsoleStream extends Closeable {
    InputStream input();

    OutputStream output();
}
