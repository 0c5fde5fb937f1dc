// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.disk.ConvertRequest;
import dev.terrarium.engine.disk.DiskImages;
import dev.terrarium.engine.disk.DiskSizes;
import dev.terrarium.engine.disk.ImageSource;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code image convert}. */
@Command(name = "convert", description = "Copies a disk into an image of another format.", sortOptions = false)
final class ImageConvertCommand extends ImageCommand.Action {
    private static final int LARGEST_SPARSE = 2 << 20;

    @Option(names = "-O", paramLabel = "FORMAT", description = "The new image's format (default: raw).")
    private String targetFormat = "raw";

    @Option(names = "-o", paramLabel = "OPTIONS", description = "The new image's options.")
    private List<String> options = List.of();

    @Option(names = "-c", description = "Compress.")
    private boolean compress;

    @Option(names = "-n", description = "The target is there already.")
    private boolean existing;

    @Option(names = "-B", paramLabel = "FILE", description = "The image that the new one stands on.")
    private @Nullable Path backing;

    @Option(names = "-F", paramLabel = "FORMAT", description = "That one's format.")
    private @Nullable String backingFormat;

    @Option(names = "-l", paramLabel = "SNAPSHOT", description = "The disk as a snapshot keeps it.")
    private @Nullable String snapshot;

    @Option(names = "-S", paramLabel = "SIZE", description = "So many zeros become a hole (default: 4k; 0: none).")
    private String sparse = "4k";

    @Option(names = "-m", paramLabel = "N", description = "How many threads work (default: the host's processors).")
    private int threads = Math.min(16, Runtime.getRuntime().availableProcessors());

    @Parameters(index = "0", paramLabel = "FILE")
    private Path file = Path.of("");

    @Parameters(index = "1", paramLabel = "TARGET")
    private Path target = Path.of("");

    ImageConvertCommand(RootCommand root) {
        super(root);
    }

    @Override
    public Integer call() throws TerrariumException {
        long hole = DiskSizes.parse(sparse);
        if (hole > LARGEST_SPARSE || hole % 512 != 0) {
            throw wrongUse("-S takes a multiple of 512, at most 2M");
        }
        if (threads < 1 || threads > 64) {
            throw wrongUse("-m takes 1 to 64");
        }
        Map<String, String> all = ImageCreateCommand.all(options);
        if (backing != null) {
            all.put("backing_file", backing.toString());
        }
        if (backingFormat != null) {
            all.put("backing_fmt", backingFormat);
        }
        String below = all.get("backing_file");
        ImageSource source = below == null
                ? source(file)
                : source(file, target.toAbsolutePath().resolveSibling(below));
        Optional<String> name =
                Optional.ofNullable(snapshot).map(each -> each.replaceFirst("^snapshot\\.(id|name)=", ""));
        DiskImages.convert(
                new ConvertRequest(source, name, target, targetFormat, all, compress, threads, (int) hole, !existing),
                progress());
        return 0;
    }
}
