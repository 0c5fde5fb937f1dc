// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import dev.terrarium.engine.Host;
import dev.terrarium.engine.Screenshot;
import dev.terrarium.engine.TerrariumException;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code screenshot}: a running machine's picture as a PNG file. */
@Command(name = "screenshot", description = "Writes a running machine's picture to a PNG file; - for standard output.")
final class ScreenshotCommand implements Callable<Integer> {
    private final RootCommand root;

    @Parameters(index = "0", paramLabel = "NAME", description = "The machine.")
    private String name = "";

    @Parameters(index = "1", paramLabel = "FILE.png", description = "The file; it is overwritten.")
    private String file = "";

    ScreenshotCommand(RootCommand root) {
        this.root = root;
    }

    @Override
    public Integer call() throws TerrariumException {
        Screenshot picture;
        try (Host host = root.open()) {
            picture = root.machine(host, name).screenshot();
        }
        try {
            if (file.equals("-")) {
                picture.writePng(root.surroundings().output());
                return 0;
            }
            try (OutputStream output = new BufferedOutputStream(Files.newOutputStream(Path.of(file)))) {
                picture.writePng(output);
            }
        } catch (IOException e) {
            throw new TerrariumException(
                    file + " cannot be written (" + e + "): check that its folder exists and has space", e);
        }
        root.note(file + ": " + picture.width() + "x" + picture.height());
        return 0;
    }
}
