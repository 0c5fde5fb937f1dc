// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.disk.DiskImages;
import dev.terrarium.engine.disk.DiskSizes;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code image create}. */
@Command(name = "create", description = "Makes an empty image.", sortOptions = false)
final class ImageCreateCommand extends ImageCommand.Action {
    @Option(names = "-b", paramLabel = "FILE", description = "The image that it stands on.")
    private @Nullable Path backing;

    @Option(names = "-F", paramLabel = "FORMAT", description = "That one's format.")
    private @Nullable String backingFormat;

    @Option(names = "-o", paramLabel = "OPTIONS", description = "The format's options; help lists them.")
    private List<String> options = List.of();

    @Parameters(index = "0", arity = "0..1", paramLabel = "FILE")
    private @Nullable Path file;

    @Parameters(index = "1", arity = "0..1", paramLabel = "SIZE", description = "As 20G; default: the backing file's.")
    private @Nullable String size;

    ImageCreateCommand(RootCommand root) {
        super(root);
    }

    @Override
    public Integer call() throws TerrariumException {
        String format = format().isEmpty() ? "raw" : format();
        if (options.contains("help")) {
            DiskImages.createOptions(format).forEach((name, help) -> out().println("  " + name + " - " + help));
            return 0;
        }
        if (file == null) {
            throw wrongUse("the name of the new image is missing");
        }
        Map<String, String> all = all(options);
        if (backing != null) {
            all.put("backing_file", backing.toString());
        }
        if (backingFormat != null) {
            all.put("backing_fmt", backingFormat);
        }
        String below = all.get("backing_file");
        Path[] named =
                below == null ? new Path[0] : new Path[] {file.toAbsolutePath().resolveSibling(below)};
        OptionalLong bytes = size == null ? OptionalLong.empty() : OptionalLong.of(DiskSizes.parse(size));
        DiskImages.create(source(file, format, named), bytes, all);
        return 0;
    }

    /** The pairs of all {@code -o}. */
    static Map<String, String> all(List<String> options) throws TerrariumException {
        Map<String, String> all = new LinkedHashMap<>();
        for (String each : options) {
            all.putAll(DiskImages.options(each));
        }
        return all;
    }
}
