// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.console;

import dev.terrarium.engine.ConsoleStream;
import dev.terrarium.engine.KeyNames;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.VirtualMachine;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import javafx.application.Platform;
import org.jspecify.annotations.Nullable;

/** One attempt to show a machine, from opening its console to the end of the connection, on a thread of its own. */
final class ConsoleSession implements AutoCloseable {
    /** Told on the JavaFX thread; never after {@link #close}. */
    interface Listener {
        void opened(RfbConnection connection);

        /** At most once a pulse or so. */
        void changed(RfbConnection connection);

        void bell();

        /** As {@link RfbConnection.Listener#clipboardOffered}. */
        void clipboardOffered(boolean available);

        void clipboardWanted();

        void clipboardText(String text);

        /** Ended, and not by {@link #close}. */
        void lost(String reason);
    }

    private final VirtualMachine machine;
    private final Listener listener;
    private final AtomicReference<@Nullable RfbConnection> connection = new AtomicReference<>();
    private final AtomicBoolean closed = new AtomicBoolean();
    private final AtomicBoolean changePending = new AtomicBoolean();

    ConsoleSession(VirtualMachine machine, Listener listener) {
        this.machine = machine;
        this.listener = listener;
    }

    void start() {
        Thread.ofPlatform().daemon().name("console-reader").start(this::run);
    }

    private void run() {
        try {
            ConsoleStream stream = machine.openConsole();
            RfbConnection opened = new RfbConnection(stream, new Hooks());
            connection.set(opened);
            if (closed.get()) {
                opened.close();
                return;
            }
            opened.run();
            tell(() -> listener.lost(""));
        } catch (TerrariumException | IOException e) {
            tell(() -> listener.lost(String.valueOf(e.getMessage())));
        }
    }

    private void tell(Runnable news) {
        Platform.runLater(() -> {
            if (!closed.get()) {
                news.run();
            }
        });
    }

    private final class Hooks implements RfbConnection.Listener {
        @Override
        public void opened() {
            RfbConnection current = connection.get();
            if (current != null) {
                tell(() -> listener.opened(current));
            }
        }

        @Override
        public void changed() {
            RfbConnection current = connection.get();
            if (current != null && changePending.compareAndSet(false, true)) {
                tell(() -> {
                    changePending.set(false);
                    listener.changed(current);
                });
            }
        }

        @Override
        public void bell() {
            tell(listener::bell);
        }

        @Override
        public void clipboardOffered(boolean available) {
            tell(() -> listener.clipboardOffered(available));
        }

        @Override
        public void clipboardWanted() {
            tell(listener::clipboardWanted);
        }

        @Override
        public void clipboardText(String text) {
            tell(() -> listener.clipboardText(text));
        }
    }

    /** Presses the keys in order and releases them in reverse. */
    void sendKeys(String combination) throws TerrariumException {
        List<Integer> codes = KeyNames.parse(combination);
        RfbConnection current = connection.get();
        boolean sent = current != null;
        if (current != null) {
            for (int code : codes) {
                sent &= current.key(code, true);
            }
            for (int code : codes.reversed()) {
                sent &= current.key(code, false);
            }
        }
        if (!sent) {
            throw new TerrariumException("the console of " + machine.name() + " is not connected: start the machine");
        }
    }

    /** Ends the connection without waiting for it. */
    @Override
    public void close() {
        closed.set(true);
        RfbConnection current = connection.get();
        if (current != null) {
            current.close();
        }
    }
}
