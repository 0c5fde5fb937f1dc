// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.disk.DiskImages;
import dev.terrarium.engine.disk.ImageInfo;
import dev.terrarium.engine.disk.ImageSource;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code image snapshot}: the snapshots inside an image file. */
@Command(name = "snapshot", description = "Lists, makes, applies or deletes snapshots.", sortOptions = false)
final class ImageSnapshotCommand extends ImageCommand.Action {
    private static final DateTimeFormatter DATE = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss", Locale.ROOT);

    /** One of them. */
    static final class What {
        @Option(names = "-l", description = "List them (the default).")
        private boolean list;

        @Option(names = "-c", paramLabel = "NAME", description = "Keep the disk as it is.")
        private @Nullable String create;

        @Option(names = "-a", paramLabel = "NAME", description = "Make the disk what it was.")
        private @Nullable String apply;

        @Option(names = "-d", paramLabel = "NAME", description = "Delete one.")
        private @Nullable String delete;

        private boolean isNothing() {
            return !list && create == null && apply == null && delete == null;
        }
    }

    @ArgGroup
    private What what = new What();

    @Parameters(paramLabel = "FILE")
    private Path file = Path.of("");

    ImageSnapshotCommand(RootCommand root) {
        super(root);
    }

    @Override
    public Integer call() throws TerrariumException {
        ImageSource source = source(file);
        if (what.create != null) {
            DiskImages.createSnapshot(source, what.create);
        } else if (what.apply != null) {
            DiskImages.applySnapshot(source, what.apply);
        } else if (what.delete != null) {
            DiskImages.deleteSnapshot(source, what.delete);
        } else if (what.list || what.isNothing()) {
            List<ImageInfo.Snapshot> snapshots = DiskImages.info(source).snapshots();
            printAll(snapshots);
        }
        return 0;
    }

    private void printAll(List<ImageInfo.Snapshot> snapshots) {
        if (!snapshots.isEmpty()) {
            print(out(), snapshots);
        }
    }

    static void print(PrintWriter out, List<ImageInfo.Snapshot> snapshots) {
        out.println("Snapshot list:");
        out.println("%-10s%-17s%8s%20s%13s%11s".formatted("ID", "TAG", "VM SIZE", "DATE", "VM CLOCK", "ICOUNT"));
        for (ImageInfo.Snapshot each : snapshots) {
            Duration clock = Duration.ofNanos(each.vmClockNanos());
            out.println(String.format(
                    Locale.ROOT,
                    "%-9s %-16s %8s%20s %02d:%02d:%02d.%03d%11s",
                    each.id(),
                    each.name(),
                    Units.bytes(each.vmStateSize()),
                    DATE.format(each.date().atZone(ZoneId.systemDefault())),
                    clock.toHours(),
                    clock.toMinutesPart(),
                    clock.toSecondsPart(),
                    clock.toMillisPart(),
                    0));
        }
    }
}
