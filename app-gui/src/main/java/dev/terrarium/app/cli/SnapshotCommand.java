// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.terrarium.engine.Host;
import dev.terrarium.engine.Snapshot;
import dev.terrarium.engine.SnapshotTree;
import dev.terrarium.engine.Snapshots;
import dev.terrarium.engine.TerrariumException;
import java.nio.file.Path;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code snapshot}: the snapshots of a machine. */
@Command(name = "snapshot", description = "Makes, lists, goes back to, renames and deletes snapshots of a machine.")
final class SnapshotCommand implements Callable<Integer> {
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss", Locale.ROOT);

    @Spec
    private @Nullable CommandSpec spec;

    /** The command with its subcommands. */
    static CommandLine commandLine(RootCommand root) {
        return new CommandLine(new SnapshotCommand())
                .addSubcommand(new Create(root))
                .addSubcommand(new List(root))
                .addSubcommand(new Revert(root))
                .addSubcommand(new Delete(root))
                .addSubcommand(new Rename(root));
    }

    @Override
    public Integer call() {
        if (spec == null) {
            throw new IllegalStateException("picocli fills this in before a command runs");
        }
        throw new ParameterException(spec.commandLine(), "say what to do: create, list, revert, delete or rename");
    }

    /** What they share: the machine. */
    abstract static class Action implements Callable<Integer> {
        final RootCommand root;

        @Parameters(index = "0", paramLabel = "MACHINE", description = "The machine.")
        private String machine = "";

        Action(RootCommand root) {
            this.root = root;
        }

        @Override
        public final Integer call() throws TerrariumException {
            try (Host host = root.open()) {
                run(root.machine(host, machine).snapshots());
            }
            return 0;
        }

        abstract void run(Snapshots snapshots) throws TerrariumException;
    }

    @Command(
            name = "create",
            description = {
                "Keeps the machine as it is: its disks, and if it runs its memory. Prints the snapshot's name.",
                "The images of this moment are not written any more; the machine goes on in new ones that stand on them."
            })
    private static final class Create extends Action {
        @Parameters(index = "1", arity = "0..1", paramLabel = "NAME", description = "Its name (default: the time).")
        private @Nullable String name;

        @Option(names = "--description", paramLabel = "TEXT", description = "What it is for.")
        private String description = "";

        @Option(names = "--disk-only", description = "Leave the memory of a running machine out.")
        private boolean diskOnly;

        @Option(names = "--internal", description = "Inside the images, which must be qcow2.")
        private boolean internal;

        Create(RootCommand root) {
            super(root);
        }

        @Override
        void run(Snapshots snapshots) throws TerrariumException {
            String chosen = name == null ? TIME.format(java.time.Instant.now().atZone(ZoneId.systemDefault())) : name;
            Snapshot.Storage storage = internal ? Snapshot.Storage.INTERNAL : Snapshot.Storage.OVERLAY;
            Snapshot made =
                    snapshots.create(new Snapshot.Request(chosen, description, !diskOnly, storage), root.progress());
            root.out().println(made.name());
        }
    }

    @Command(name = "list", description = "Lists them as a tree; * is where the machine stands.")
    private static final class List extends Action {
        @Option(names = "--json", description = "As JSON.")
        private boolean json;

        List(RootCommand root) {
            super(root);
        }

        @Override
        void run(Snapshots snapshots) throws TerrariumException {
            SnapshotTree tree = snapshots.tree();
            if (json) {
                root.out().println(Json.text(tree(tree)));
            } else {
                Table table = new Table("NAME", "TIME", "HOLDS", "MEMORY", "DISKS", "DESCRIPTION");
                addChildren(table, tree, Optional.empty(), 0);
                table.print(root.out());
            }
            tree.problems().forEach(root::note);
        }

        private static void addChildren(Table table, SnapshotTree tree, Optional<UUID> parent, int depth) {
            for (Snapshot each : tree.children(parent)) {
                boolean current = tree.current().equals(Optional.of(each.id()));
                table.row(
                        "  ".repeat(depth) + each.name() + (current ? " *" : ""),
                        TIME.format(each.time().atZone(ZoneId.systemDefault())),
                        lower(each.content()) + (each.storage() == Snapshot.Storage.INTERNAL ? ", internal" : ""),
                        each.memoryBytes() == 0 ? "" : Units.bytes(each.memoryBytes()),
                        each.diskBytes() == 0 ? "" : Units.bytes(each.diskBytes()),
                        each.description());
                addChildren(table, tree, Optional.of(each.id()), depth + 1);
            }
        }

        private static ObjectNode tree(SnapshotTree tree) {
            ObjectNode node = Json.MAPPER.createObjectNode();
            node.put("current", tree.current().map(UUID::toString).orElse(null));
            ArrayNode all = node.putArray("snapshots");
            for (Snapshot each : tree.snapshots()) {
                all.addObject()
                        .put("id", each.id().toString())
                        .put("name", each.name())
                        .put("description", each.description())
                        .put("time", each.time().toString())
                        .put("parent", each.parent().map(UUID::toString).orElse(null))
                        .put("content", lower(each.content()))
                        .put("storage", lower(each.storage()))
                        .put("memoryBytes", each.memoryBytes())
                        .put("diskBytes", each.diskBytes())
                        .put("picture", each.picture().map(Path::toString).orElse(null))
                        .put("machine", each.machine());
            }
            ArrayNode problems = node.putArray("problems");
            tree.problems().forEach(problems::add);
            return node;
        }

        private static String lower(Enum<?> value) {
            return value.name().toLowerCase(Locale.ROOT);
        }
    }

    /** One snapshot is named. */
    private abstract static class OfOne extends Action {
        @Parameters(index = "1", paramLabel = "NAME", description = "The snapshot's name or id.")
        String name = "";

        OfOne(RootCommand root) {
            super(root);
        }
    }

    @Command(
            name = "revert",
            description = {
                "Makes the machine what it was then. What it was until now is lost, unless it is a snapshot, too.",
                "A machine that runs goes on running as it was then; one that is off does with its next start."
            })
    private static final class Revert extends OfOne {
        Revert(RootCommand root) {
            super(root);
        }

        @Override
        void run(Snapshots snapshots) throws TerrariumException {
            snapshots.revert(name, root.progress());
        }
    }

    @Command(
            name = "delete",
            description = {
                "Deletes a snapshot; the machine and other snapshots stay what they are.",
                "With --dry-run it only says what that would do."
            })
    private static final class Delete extends OfOne {
        @Option(names = "--dry-run", description = "Only say what would be removed.")
        private boolean dry;

        Delete(RootCommand root) {
            super(root);
        }

        @Override
        void run(Snapshots snapshots) throws TerrariumException {
            Snapshot.Removal removal = snapshots.removal(name);
            if (dry) {
                removal.removed().forEach(root.out()::println);
                root.out()
                        .println("frees " + Units.bytes(removal.freedBytes()) + ", copies "
                                + Units.bytes(removal.mergedBytes()));
            } else {
                snapshots.delete(name, root.progress());
            }
            removal.kept().ifPresent(root::note);
        }
    }

    @Command(name = "rename", description = "Changes a snapshot's name and description.")
    private static final class Rename extends OfOne {
        @Parameters(index = "2", paramLabel = "NEW", description = "The new name.")
        private String newName = "";

        @Option(names = "--description", paramLabel = "TEXT", description = "What it is for (default: as before).")
        private @Nullable String description;

        Rename(RootCommand root) {
            super(root);
        }

        @Override
        void run(Snapshots snapshots) throws TerrariumException {
            String before =
                    snapshots.tree().find(name).map(Snapshot::description).orElse("");
            snapshots.edit(name, newName, description == null ? before : description);
        }
    }
}
