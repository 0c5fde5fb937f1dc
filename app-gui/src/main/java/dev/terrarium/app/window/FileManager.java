// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import dev.terrarium.engine.TerrariumException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** The desktop's own file manager. */
final class FileManager {
    private static final long SECONDS = 5;

    private FileManager() {}

    /**
     * Opens the folder of a file; waits for the command, so not for the window's thread.
     *
     * @throws TerrariumException if there is no file manager
     */
    static void show(Path file) throws TerrariumException {
        Path folder = file.getParent() == null ? file : file.getParent();
        try {
            Process command = new ProcessBuilder(command(file, folder))
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            // One that goes on has opened its window.
            if (command.waitFor(SECONDS, TimeUnit.SECONDS) && command.exitValue() != 0 && !windows()) {
                throw none(folder, null);
            }
        } catch (IOException e) {
            throw none(folder, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static TerrariumException none(Path folder, @org.jspecify.annotations.Nullable IOException cause) {
        return new TerrariumException("no file manager opens here: the folder is " + folder, cause);
    }

    private static List<String> command(Path file, Path folder) {
        String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        if (windows()) {
            return List.of("explorer", "/select," + file);
        }
        return system.contains("mac") ? List.of("open", "-R", file.toString()) : List.of("xdg-open", folder.toString());
    }

    private static boolean windows() {
        return System.getProperty("os.name").toLowerCase(Locale.ROOT).contains("windows");
    }
}
