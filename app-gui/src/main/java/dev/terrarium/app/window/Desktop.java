// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import dev.terrarium.app.exit.EndSignals;
import dev.terrarium.app.exit.PowerOffAtExit;
import dev.terrarium.app.settings.SettingsFile;
import dev.terrarium.app.task.Task;
import dev.terrarium.app.task.Tasks;
import dev.terrarium.engine.Engine;
import dev.terrarium.engine.Host;
import dev.terrarium.engine.TerrariumException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import javafx.application.Platform;
import javafx.stage.Window;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The way from the command line into the window. */
public final class Desktop {
    private static final Logger LOG = LoggerFactory.getLogger(Desktop.class);

    private static final long HIDING_SECONDS = 2;
    private static final long TASK_SECONDS = 10;

    private Desktop() {}

    /** Opens the window on a home folder and blocks until it is closed; returns the process's exit status. */
    public static int open(Path home) {
        return open(home, Optional.empty(), false);
    }

    /**
     * As {@link #open(Path)}, with one machine selected.
     *
     * @param machine its name
     * @param start switch it on too
     */
    public static int open(Path home, Optional<String> machine, boolean start) {
        Host host;
        try {
            host = Engine.open(home);
        } catch (TerrariumException e) {
            System.err.println("terrarium: " + e.getMessage());
            return 1;
        }
        PowerOffAtExit guard = new PowerOffAtExit(host);
        CountDownLatch closed = new CountDownLatch(1);
        AtomicInteger status = new AtomicInteger();
        EndSignals.handle(signalled -> {
            status.set(signalled);
            closed.countDown();
        });
        Platform.setImplicitExit(false);
        AtomicReference<@Nullable MainWindow> shown = new AtomicReference<>();
        Platform.startup(() -> {
            MainWindow window = new MainWindow(host, new SettingsFile(host.home()), closed::countDown);
            shown.set(window);
            window.show();
            machine.flatMap(host::find).ifPresent(found -> window.select(found, start));
        });
        try {
            closed.await();
        } catch (InterruptedException e) {
            LOG.debug("told to end while the window is open");
        }
        Optional.ofNullable(shown.get()).ifPresent(Desktop::endTasks);
        host.close();
        guard.close();
        hideWindows();
        Platform.exit();
        return status.get();
    }

    /** After a signal long work still runs; told to stop, it removes what it has written so far. */
    private static void endTasks(MainWindow window) {
        CompletableFuture<List<Task>> ending = new CompletableFuture<>();
        Platform.runLater(() -> {
            Tasks tasks = window.model().tasks();
            List<Task> running = tasks.running();
            tasks.cancelAll();
            ending.complete(running);
        });
        try {
            if (!Tasks.awaitEnd(ending.get(HIDING_SECONDS, TimeUnit.SECONDS), TASK_SECONDS, TimeUnit.SECONDS)) {
                LOG.warn("some work does not end; the process ends without it");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            LOG.warn("the window does not answer; its work ends with the process", e);
        }
    }

    /** After a signal the window still draws, and would do so on threads that are ending. */
    private static void hideWindows() {
        CountDownLatch hidden = new CountDownLatch(1);
        Platform.runLater(() -> {
            Window.getWindows().stream().toList().forEach(Window::hide);
            hidden.countDown();
        });
        try {
            if (!hidden.await(HIDING_SECONDS, TimeUnit.SECONDS)) {
                LOG.warn("the window does not answer; the process ends without it");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
