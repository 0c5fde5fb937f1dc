// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import dev.terrarium.engine.Progress;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.disk.ImageSource;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code image}: disk images, with qemu-img's words. Its commands extend {@link Action}. */
@Command(name = "image", description = "Makes, looks at and changes disk images, with qemu-img's words.")
final class ImageCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    /** The command with its subcommands. */
    static CommandLine commandLine(RootCommand root) {
        return new CommandLine(new ImageCommand())
                .addSubcommand(new ImageCreateCommand(root))
                .addSubcommand(new ImageInfoCommand(root))
                .addSubcommand(new ImageCheckCommand(root))
                .addSubcommand(new ImageConvertCommand(root))
                .addSubcommand(new ImageResizeCommand(root))
                .addSubcommand(new ImageMapCommand(root))
                .addSubcommand(new ImageSnapshotCommand(root))
                .addSubcommand(new ImageRebaseCommand(root))
                .addSubcommand(new ImageCommitCommand(root))
                .addSubcommand(new ImageCompareCommand(root));
    }

    @Override
    public Integer call() {
        if (spec == null) {
            throw new IllegalStateException("picocli fills this in before a command runs");
        }
        throw new ParameterException(spec.commandLine(), "say what to do with the image");
    }

    /** How results are written. */
    enum Output {
        HUMAN,
        JSON
    }

    /** What all of them share. */
    abstract static class Action implements Callable<Integer> {
        private final RootCommand root;

        @Spec
        private @Nullable CommandSpec spec;

        @Option(names = "-f", paramLabel = "FORMAT", description = "The image's format (default: found out).")
        private String format = "";

        @Option(
                names = "--allow",
                paramLabel = "PATH",
                description = "A folder or file outside the image's own folder that it may stand on. Repeatable.")
        private List<Path> allowed = List.of();

        @Option(
                names = {"-q", "--quiet"},
                description = "Print nothing but errors.")
        private boolean quiet;

        @Option(
                names = {"-p", "--progress"},
                description = "Show progress, on a terminal or not.")
        private boolean wanted;

        Action(RootCommand root) {
            this.root = root;
        }

        PrintWriter out() {
            return root.out();
        }

        /** Reports a failure that has an exit status of its own. */
        void fail(TerrariumException error) {
            root.note(error.getMessage());
        }

        /** A line that is no result. */
        void say(String line) {
            if (!quiet) {
                out().println(line);
            }
        }

        String format() {
            return format;
        }

        ImageSource source(Path path, Path... named) {
            return source(path, format, named);
        }

        /** An image that may stand on what the person allowed or named. */
        ImageSource source(Path path, String itsFormat, Path... named) {
            List<Path> all = new ArrayList<>(allowed);
            for (Path each : named) {
                all.add(each.toAbsolutePath());
            }
            return new ImageSource(path, itsFormat, all);
        }

        ParameterException wrongUse(String what) {
            if (spec == null) {
                throw new IllegalStateException("picocli fills this in before a command runs");
            }
            return new ParameterException(spec.commandLine(), what);
        }

        /** A bar on standard error, if there is someone to look at it. */
        Progress progress() {
            boolean terminal = System.console() != null && System.console().isTerminal();
            return !quiet && (wanted || terminal)
                    ? new ProgressBar(root.surroundings().errors())
                    : Progress.NONE;
        }
    }
}
