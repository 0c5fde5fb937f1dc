// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.disk.DiskImages;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code image commit}. */
@Command(name = "commit", description = "Writes what an image holds into the one it stands on.", sortOptions = false)
final class ImageCommitCommand extends ImageCommand.Action {
    @Option(names = "-d", description = "Leave the image as it is; else it is empty afterwards.")
    private boolean keep;

    @Parameters(paramLabel = "FILE")
    private Path file = Path.of("");

    ImageCommitCommand(RootCommand root) {
        super(root);
    }

    @Override
    public Integer call() throws TerrariumException {
        DiskImages.commit(source(file), !keep, progress());
        say("Image committed.");
        return 0;
    }
}
