// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.disk.DiskImages;
import dev.terrarium.engine.disk.DiskSizes;
import dev.terrarium.engine.disk.MapRange;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code image map}. */
@Command(name = "map", description = "Tells where a disk's bytes are.", sortOptions = false)
final class ImageMapCommand extends ImageCommand.Action {
    @Option(names = "--output", paramLabel = "human|json", description = "How to write it.")
    private ImageCommand.Output output = ImageCommand.Output.HUMAN;

    @Option(
            names = {"-s", "--start-offset"},
            paramLabel = "OFFSET",
            description = "Begin there.")
    private String start = "0";

    @Option(
            names = {"-l", "--max-length"},
            paramLabel = "LENGTH",
            description = "Look no further.")
    private @Nullable String length;

    @Parameters(paramLabel = "FILE")
    private Path file = Path.of("");

    ImageMapCommand(RootCommand root) {
        super(root);
    }

    @Override
    public Integer call() throws TerrariumException {
        List<MapRange> ranges = DiskImages.map(
                source(file), DiskSizes.parse(start), length == null ? Long.MAX_VALUE : DiskSizes.parse(length));
        if (output == ImageCommand.Output.JSON) {
            ArrayNode array = Json.array();
            ranges.forEach(each -> array.add(json(each)));
            out().println(Json.text(array));
            return 0;
        }
        out().println("%-16s%-16s%-16s%s".formatted("Offset", "Length", "Mapped to", "File"));
        for (MapRange each : ranges) {
            if (each.data() && !each.zero()) {
                if (each.offset().isEmpty()) {
                    throw new TerrariumException(
                            file + " has compressed clusters, which stand nowhere as they are: use --output json");
                }
                out().println(String.format(
                        Locale.ROOT,
                        "%-16s%-16s%-16s%s",
                        hex(each.start()),
                        hex(each.length()),
                        hex(each.offset().getAsLong()),
                        each.file()));
            }
        }
        return 0;
    }

    private static String hex(long value) {
        return value == 0 ? "0" : "0x" + Long.toHexString(value);
    }

    private static ObjectNode json(MapRange range) {
        ObjectNode tree = Json.MAPPER
                .createObjectNode()
                .put("start", range.start())
                .put("length", range.length())
                .put("depth", range.depth())
                .put("present", range.present())
                .put("zero", range.zero())
                .put("data", range.data())
                .put("compressed", range.compressed());
        range.offset().ifPresent(each -> tree.put("offset", each));
        return tree;
    }
}
