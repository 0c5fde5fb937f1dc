// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.disk.DiskImages;
import dev.terrarium.engine.disk.DiskSizes;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code image resize}. */
@Command(name = "resize", description = "Makes a disk larger, or with --shrink smaller.", sortOptions = false)
final class ImageResizeCommand extends ImageCommand.Action {
    @Option(names = "--shrink", description = "It may become smaller: what is behind the new end is lost.")
    private boolean shrink;

    @Parameters(index = "0", paramLabel = "FILE")
    private Path file = Path.of("");

    @Parameters(index = "1", paramLabel = "[+|-]SIZE")
    private String size = "";

    ImageResizeCommand(RootCommand root) {
        super(root);
    }

    @Override
    public Integer call() throws TerrariumException {
        boolean relative = size.startsWith("+") || size.startsWith("-");
        long bytes = DiskSizes.parse(relative ? size.substring(1) : size);
        DiskImages.resize(source(file), size.startsWith("-") ? -bytes : bytes, relative, shrink);
        say("Image resized.");
        return 0;
    }
}
