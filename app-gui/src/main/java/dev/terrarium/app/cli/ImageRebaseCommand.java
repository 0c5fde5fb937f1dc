// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.disk.DiskImages;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code image rebase}. */
@Command(name = "rebase", description = "Lets an image stand on another one.", sortOptions = false)
final class ImageRebaseCommand extends ImageCommand.Action {
    @Option(names = "-b", required = true, paramLabel = "FILE", description = "On which; \"\" for none.")
    private String backing = "";

    @Option(names = "-F", paramLabel = "FORMAT", description = "That one's format.")
    private String backingFormat = "";

    @Option(names = "-u", description = "Change the name only: both hold the same, or the old one is gone.")
    private boolean unsafe;

    @Parameters(paramLabel = "FILE")
    private Path file = Path.of("");

    ImageRebaseCommand(RootCommand root) {
        super(root);
    }

    @Override
    public Integer call() throws TerrariumException {
        Path folder = file.toAbsolutePath();
        Optional<Path> onto = backing.isEmpty() ? Optional.empty() : Optional.of(folder.resolveSibling(backing));
        DiskImages.rebase(
                onto.isPresent() ? source(file, onto.get()) : source(file),
                onto,
                backing,
                backingFormat,
                unsafe,
                progress());
        return 0;
    }
}
