// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.vnc;

import dev.terrarium.engine.TerrariumException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/** An RFB 3.8 server (RFC 6143) for one machine's screen. */
public final class RfbServer implements AutoCloseable {
    private final Screen screen;

    public RfbServer(Screen screen) {
        this.screen = screen;
    }

    /** Serves one client until it leaves or the server is closed. */
    public void serve(InputStream input, OutputStream output, @Nullable String password) throws IOException {
        throw new IOException("the RFB server of " + screen.name() + " is not there yet");
    }

    /** Also serves clients on a TCP address; returns the port. */
    public int listen(InetSocketAddress address, @Nullable String password) throws TerrariumException {
        throw new TerrariumException("the RFB server of " + screen.name() + " is not there yet, on " + address);
    }

    @Override
    public void close() {}
}
