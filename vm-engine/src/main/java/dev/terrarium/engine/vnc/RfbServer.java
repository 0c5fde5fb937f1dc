// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.vnc;

import dev.terrarium.engine.TerrariumException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An RFB 3.8 server (RFC 6143) for one machine's screen. All clients share the machine; whatever one of them sends can
 * end only its own connection.
 */
public final class RfbServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RfbServer.class);
    private static final int MAX_CLIENTS = 16;
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    private final Screen screen;
    private final RelativePointer pointer;
    private final ClipboardExchange clipboard = new ClipboardExchange();
    private final Set<RfbClient> clients = new HashSet<>();
    private final Set<ServerSocket> listeners = new HashSet<>();
    private final Set<Thread> threads = new HashSet<>();
    private boolean closed;

    public RfbServer(Screen screen) {
        this.screen = screen;
        pointer = new RelativePointer(screen);
    }

    /**
     * Serves one client until it leaves or the server is closed, and closes both streams.
     *
     * @param password asked for by VNC authentication; null to ask for nothing
     */
    public void serve(InputStream input, OutputStream output, @Nullable String password) throws IOException {
        RfbClient client = new RfbClient(screen, pointer, clipboard, input, output);
        if (!add(client)) {
            client.close();
            throw new IOException("the screen of " + screen.name() + " takes no more clients");
        }
        try {
            client.run(password);
        } catch (IOException e) {
            if (!isClosed()) {
                throw e;
            }
        } finally {
            remove(client);
        }
    }

    private synchronized boolean add(RfbClient client) {
        return !closed && clients.size() < MAX_CLIENTS && clients.add(client);
    }

    private synchronized void remove(RfbClient client) {
        clients.remove(client);
    }

    private synchronized boolean isClosed() {
        return closed;
    }

    /** Also serves clients on a TCP address; returns the port. */
    public int listen(InetSocketAddress address, @Nullable String password) throws TerrariumException {
        if (address.isUnresolved()) {
            throw new TerrariumException("there is no host \"" + address.getHostString()
                    + "\": use a name or address of" + " this computer, as in 127.0.0.1:5900");
        }
        ServerSocket listener;
        try {
            listener = new ServerSocket();
        } catch (IOException e) {
            throw new TerrariumException("cannot listen for VNC viewers: " + e.getMessage(), e);
        }
        try {
            listener.bind(address, MAX_CLIENTS);
            return start(listener, password);
        } catch (IOException e) {
            closeQuietly(listener);
            boolean inUse = e instanceof BindException && isInUse(e);
            throw new TerrariumException(
                    inUse
                            ? "port " + address.getPort() + " is in use: choose another or 0 for any free one"
                            : "cannot listen on " + address.getHostString() + ":" + address.getPort()
                                    + ": use an address of this computer and a port from 1024 (" + e.getMessage() + ")",
                    e);
        }
    }

    private static boolean isInUse(IOException error) {
        return String.valueOf(error.getMessage()).contains("in use");
    }

    private synchronized int start(ServerSocket listener, @Nullable String password) throws IOException {
        if (closed) {
            throw new IOException("the server is closed");
        }
        listeners.add(listener);
        spawn("rfb-listener", () -> accept(listener, password));
        return listener.getLocalPort();
    }

    private synchronized boolean spawn(String name, Runnable task) {
        if (closed || threads.size() > 2 * MAX_CLIENTS) {
            return false;
        }
        Thread thread = Thread.ofPlatform().daemon().name(name).unstarted(() -> {
            try {
                task.run();
            } finally {
                forget(Thread.currentThread());
            }
        });
        threads.add(thread);
        thread.start();
        return true;
    }

    private synchronized void forget(Thread thread) {
        threads.remove(thread);
    }

    private void accept(ServerSocket listener, @Nullable String password) {
        while (!listener.isClosed()) {
            try {
                Socket socket = listener.accept();
                if (!spawn("rfb-client", () -> serve(socket, password))) {
                    socket.close();
                }
            } catch (IOException e) {
                if (!isClosed()) {
                    LOG.warn("VNC viewer could not connect: {}", e.getMessage());
                }
            }
        }
    }

    private void serve(Socket socket, @Nullable String password) {
        try (socket) {
            socket.setTcpNoDelay(true);
            socket.setKeepAlive(true);
            serve(socket.getInputStream(), socket.getOutputStream(), password);
        } catch (EOFException e) {
            LOG.info("VNC viewer {} left in the middle of a message", socket.getRemoteSocketAddress());
        } catch (IOException e) {
            LOG.info("VNC viewer {} is gone: {}", socket.getRemoteSocketAddress(), e.getMessage());
        }
    }

    private static void closeQuietly(ServerSocket listener) {
        try {
            listener.close();
        } catch (IOException e) {
            LOG.debug("VNC listener did not close cleanly: {}", e.getMessage());
        }
    }

    /** Ends every connection and the threads of those that came by TCP. */
    @Override
    public void close() {
        List<Thread> ending;
        List<RfbClient> leaving;
        synchronized (this) {
            closed = true;
            listeners.forEach(RfbServer::closeQuietly);
            leaving = List.copyOf(clients);
            ending = List.copyOf(threads);
        }
        leaving.forEach(RfbClient::close);
        long end = System.nanoTime() + PATIENCE.toNanos();
        for (Thread thread : ending) {
            try {
                long left = Math.max(1, (end - System.nanoTime()) / 1_000_000);
                if (!thread.join(Duration.ofMillis(left))) {
                    LOG.warn("{} takes long to end", thread.getName());
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }
}
