// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.disk.DiskImages;
import dev.terrarium.engine.disk.ImageInfo;
import dev.terrarium.engine.disk.ImageSource;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code image info}. */
@Command(name = "info", description = "Tells what an image is.", sortOptions = false)
final class ImageInfoCommand extends ImageCommand.Action {
    @Option(names = "--output", paramLabel = "human|json", description = "How to write it.")
    private ImageCommand.Output output = ImageCommand.Output.HUMAN;

    @Option(names = "--backing-chain", description = "The images that it stands on as well.")
    private boolean chain;

    @Parameters(paramLabel = "FILE")
    private Path file = Path.of("");

    ImageInfoCommand(RootCommand root) {
        super(root);
    }

    @Override
    public Integer call() throws TerrariumException {
        ImageSource source = source(file);
        List<ImageInfo> infos = chain ? DiskImages.chain(source) : List.of(DiskImages.info(source));
        if (output == ImageCommand.Output.HUMAN) {
            for (int i = 0; i < infos.size(); i++) {
                if (i > 0) {
                    out().println();
                }
                print(infos.get(i));
            }
            return 0;
        }
        ArrayNode array = Json.array();
        infos.forEach(each -> array.add(json(each)));
        out().println(Json.text(chain ? array : array.get(0)));
        return 0;
    }

    private void print(ImageInfo info) {
        out().println("image: " + info.filename());
        out().println("file format: " + info.format());
        out().println("virtual size: " + Units.bytes(info.virtualSize()) + " (" + info.virtualSize() + " bytes)");
        out().println("disk size: " + Units.bytes(info.actualSize()));
        if (info.dirty()) {
            out().println("cleanly shut down: no");
        }
        if (info.clusterSize() > 0) {
            out().println("cluster_size: " + info.clusterSize());
        }
        info.backingFile().ifPresent(name -> {
            String full = info.fullBackingFile().orElse(name);
            out().println("backing file: " + name + (full.equals(name) ? "" : " (actual path: " + full + ")"));
        });
        info.backingFormat().ifPresent(each -> out().println("backing file format: " + each));
        if (!info.snapshots().isEmpty()) {
            ImageSnapshotCommand.print(out(), info.snapshots());
        }
        if (!info.details().isEmpty()) {
            out().println("Format specific information:");
            info.details().forEach((key, value) -> out().println("    " + key.replace('-', ' ') + ": " + value));
        }
    }

    private static ObjectNode json(ImageInfo info) {
        ObjectNode tree = Json.MAPPER.createObjectNode();
        info.backingFormat().ifPresent(each -> tree.put("backing-filename-format", each));
        if (!info.snapshots().isEmpty()) {
            ArrayNode list = tree.putArray("snapshots");
            for (ImageInfo.Snapshot each : info.snapshots()) {
                list.addObject()
                        .put("icount", 0)
                        .put("vm-clock-nsec", each.vmClockNanos() % 1_000_000_000)
                        .put("name", each.name())
                        .put("date-sec", each.date().getEpochSecond())
                        .put("date-nsec", each.date().getNano())
                        .put("vm-clock-sec", each.vmClockNanos() / 1_000_000_000)
                        .put("id", each.id())
                        .put("vm-state-size", each.vmStateSize());
            }
        }
        tree.put("virtual-size", info.virtualSize());
        tree.put("filename", info.filename());
        if (info.clusterSize() > 0) {
            tree.put("cluster-size", info.clusterSize());
        }
        tree.put("format", info.format());
        tree.put("actual-size", info.actualSize());
        if (!info.details().isEmpty()) {
            tree.putObject("format-specific")
                    .put("type", info.format())
                    .set("data", Json.MAPPER.valueToTree(Map.copyOf(info.details())));
        }
        info.fullBackingFile().ifPresent(each -> tree.put("full-backing-filename", each));
        info.backingFile().ifPresent(each -> tree.put("backing-filename", each));
        tree.put("dirty-flag", info.dirty());
        return tree;
    }
}
