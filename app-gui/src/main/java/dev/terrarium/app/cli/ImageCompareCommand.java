// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.disk.DiskImages;
import java.nio.file.Path;
import java.util.OptionalLong;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code image compare}, with qemu-img's exit status: 0 the same, 1 different, 2 they could not be compared. */
@Command(name = "compare", description = "Tells whether two images hold the same disk.", sortOptions = false)
final class ImageCompareCommand extends ImageCommand.Action {
    @Option(names = "-F", paramLabel = "FORMAT", description = "The second image's format.")
    private String second = "";

    @Option(names = "-s", description = "Sizes must be the same too.")
    private boolean strict;

    @Parameters(index = "0", paramLabel = "FILE")
    private Path left = Path.of("");

    @Parameters(index = "1", paramLabel = "FILE")
    private Path right = Path.of("");

    ImageCompareCommand(RootCommand root) {
        super(root);
    }

    @Override
    public Integer call() throws TerrariumException {
        OptionalLong differs;
        try {
            differs = DiskImages.compare(source(left), source(right, second), strict, progress());
        } catch (TerrariumException e) {
            fail(e);
            return 2;
        }
        if (differs.isEmpty()) {
            say("Images are identical.");
            return 0;
        }
        say(
                differs.getAsLong() < 0
                        ? "Strict mode: Image size mismatch!"
                        : "Content mismatch at offset " + differs.getAsLong() + "!");
        return 1;
    }
}
