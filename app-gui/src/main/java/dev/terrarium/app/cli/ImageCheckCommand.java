// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.disk.DiskImages;
import dev.terrarium.engine.disk.ImageCheck;
import java.nio.file.Path;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code image check}, with qemu-img's exit status: 0 sound, 1 failed, 2 corrupt, 3 leaks only. */
@Command(name = "check", description = "Looks for errors in an image.", sortOptions = false)
final class ImageCheckCommand extends ImageCommand.Action {
    private static final int CORRUPT = 2;
    private static final int LEAKS = 3;

    @Option(names = "--output", paramLabel = "human|json", description = "How to write it.")
    private ImageCommand.Output output = ImageCommand.Output.HUMAN;

    @Option(names = "-r", paramLabel = "leaks|all", description = "Mend leaks, or all that loses no data.")
    private ImageCheck.Repair repair = ImageCheck.Repair.NONE;

    @Parameters(paramLabel = "FILE")
    private Path file = Path.of("");

    ImageCheckCommand(RootCommand root) {
        super(root);
    }

    @Override
    public Integer call() throws TerrariumException {
        ImageCheck check = DiskImages.check(source(file), repair);
        if (output == ImageCommand.Output.JSON) {
            out().println(Json.text(json(check)));
        } else {
            print(check);
        }
        if (check.corruptions() > 0) {
            return CORRUPT;
        }
        return check.leaks() > 0 ? LEAKS : 0;
    }

    private void print(ImageCheck check) {
        check.messages().forEach(this::say);
        if (check.corruptionsFixed() + check.leaksFixed() > 0) {
            say("Mended: " + check.corruptionsFixed() + " errors, " + check.leaksFixed() + " leaked clusters.");
        }
        if (check.corruptions() > 0) {
            say(check.corruptions() + " errors were found on the image.");
        }
        if (check.leaks() > 0) {
            say(check.leaks() + " leaked clusters were found on the image.");
        }
        if (check.corruptions() + check.leaks() == 0) {
            say("No errors were found on the image.");
        }
        check.clusters().ifPresent(each -> {
            if (each.total() > 0 && each.allocated() > 0) {
                say(String.format(
                        Locale.ROOT,
                        "%d/%d = %.2f%% allocated, %.2f%% fragmented, %.2f%% compressed clusters",
                        each.allocated(),
                        each.total(),
                        each.allocated() * 100.0 / each.total(),
                        each.fragmented() * 100.0 / each.allocated(),
                        each.compressed() * 100.0 / each.allocated()));
            }
            say("Image end offset: " + each.imageEnd());
        });
    }

    private static ObjectNode json(ImageCheck check) {
        ObjectNode tree = Json.MAPPER.createObjectNode();
        check.clusters().ifPresent(each -> {
            tree.put("image-end-offset", each.imageEnd());
            tree.put("total-clusters", each.total());
        });
        tree.put("check-errors", 0);
        check.clusters().ifPresent(each -> {
            put(tree, "allocated-clusters", each.allocated());
            put(tree, "fragmented-clusters", each.fragmented());
            put(tree, "compressed-clusters", each.compressed());
        });
        put(tree, "corruptions", check.corruptions());
        put(tree, "leaks", check.leaks());
        put(tree, "corruptions-fixed", check.corruptionsFixed());
        put(tree, "leaks-fixed", check.leaksFixed());
        return tree.put("filename", check.filename()).put("format", check.format());
    }

    /** As qemu-img leaves out what is zero. */
    private static void put(ObjectNode tree, String key, long value) {
        if (value != 0) {
            tree.put(key, value);
        }
    }
}
