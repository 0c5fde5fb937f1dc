// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import dev.terrarium.engine.TerrariumException;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** The commands put together, with one way to report errors: a line, and status 1 for failure or 2 for wrong use. */
public final class CommandLineApplication {
    static final int FAILURE = 1;
    static final int WRONG_USE = 2;

    private final Surroundings surroundings;

    CommandLineApplication(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    /** The command line on this process's standard streams. */
    public static CommandLineApplication standard(Window window) {
        return new CommandLineApplication(new Surroundings(
                window,
                System.getenv(),
                new FileInputStream(FileDescriptor.in),
                new FileOutputStream(FileDescriptor.out),
                new PrintWriter(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8)));
    }

    /** Runs one command and returns the process's exit status. */
    public int run(String... arguments) {
        CommandLine line = commandLine();
        int status = line.execute(arguments);
        line.getOut().flush();
        return status;
    }

    CommandLine commandLine() {
        RootCommand root = new RootCommand(surroundings);
        CommandLine line = new CommandLine(root)
                .addSubcommand(new HostCommand(root))
                .addSubcommand(new CreateCommand(root))
                .addSubcommand(new ListCommand(root))
                .addSubcommand(new InfoCommand(root))
                .addSubcommand(new StatsCommand(root))
                .addSubcommand(new TopCommand(root))
                .addSubcommand(new StartCommand(root));
        for (MachineAction action : MachineAction.values()) {
            CommandLine command = new CommandLine(new ActionCommand(root, action));
            command.getCommandSpec().usageMessage().description(action.description());
            line.addSubcommand(action.commandName(), command);
        }
        line.addSubcommand(new SaveCommand(root))
                .addSubcommand(new RestoreCommand(root))
                .addSubcommand(new ScreenshotCommand(root))
                .addSubcommand(new SendKeyCommand(root))
                .addSubcommand(new TypeCommand(root))
                .addSubcommand(new ConsoleCommand(root))
                .addSubcommand(new ViewCommand(root))
                .addSubcommand(new SetCommand(root))
                .addSubcommand(new CloneCommand(root))
                .addSubcommand(new DeleteCommand(root))
                .addSubcommand(new DefineCommand(root))
                .addSubcommand(new DumpCommand(root))
                .addSubcommand(SnapshotCommand.commandLine(root))
                .addSubcommand(ImageCommand.commandLine(root));
        for (String later : UnavailableCommand.NAMES) {
            CommandLine command = new CommandLine(new UnavailableCommand(later));
            command.setUnmatchedArgumentsAllowed(true);
            line.addSubcommand(later, command);
        }
        line.addSubcommand(new CommandLine.HelpCommand());
        line.setOut(new PrintWriter(surroundings.output(), true, StandardCharsets.UTF_8));
        line.setErr(surroundings.errors());
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.setExecutionStrategy(parsed -> {
            root.applyVerbosity();
            return new CommandLine.RunLast().execute(parsed);
        });
        line.setParameterExceptionHandler(this::wrongUse);
        line.setExecutionExceptionHandler(this::failed);
        return line;
    }

    private int wrongUse(ParameterException error, String... arguments) {
        String what = String.valueOf(error.getMessage()).lines().findFirst().orElse("wrong use");
        String command = error.getCommandLine().getCommandSpec().qualifiedName();
        report(lowerFirst(what) + ": see " + command + " --help");
        return WRONG_USE;
    }

    private int failed(Exception error, CommandLine line, ParseResult parsed) {
        line.getOut().flush();
        if (error instanceof TerrariumException) {
            report(String.valueOf(error.getMessage()));
            LoggerFactory.getLogger(CommandLineApplication.class).debug("refused", error);
        } else {
            report("something unforeseen happened (" + error + "): run it again with -v and report what it prints");
            LoggerFactory.getLogger(CommandLineApplication.class).info("unforeseen", error);
        }
        return FAILURE;
    }

    private void report(String line) {
        surroundings.errors().println("terrarium: " + line.replaceAll("\\R+", " "));
        surroundings.errors().flush();
    }

    private static String lowerFirst(String text) {
        boolean word = text.length() > 1 && Character.isLowerCase(text.charAt(1));
        return word ? text.substring(0, 1).toLowerCase(Locale.ROOT) + text.substring(1) : text;
    }
}
