// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.bench;

import java.nio.file.Path;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code bench/run}: the command line of all benchmarks. */
@Command(
        name = "bench/run",
        mixinStandardHelpOptions = true,
        description = "Benchmarks of whole guests: see bench/README.md.",
        subcommands = {
            SuiteCommand.class,
            OneCommand.class,
            ProfileCommand.class,
            BootCommand.class,
            KvmCommand.class,
            ImagesCommand.class
        })
public final class Bench {
    private Bench() {}

    public static void main(String[] arguments) {
        // Ended by a signal, no machine may stay behind.
        Runtime.getRuntime()
                .addShutdownHook(new Thread(
                        () -> ProcessHandle.current().children().forEach(ProcessHandle::destroyForcibly),
                        "bench: end"));
        CommandLine line = new CommandLine(new Bench());
        line.setExecutionExceptionHandler((exception, command, result) -> {
            if (exception instanceof BenchException) {
                System.err.println("bench: " + exception.getMessage());
                return 1;
            }
            throw exception;
        });
        System.exit(line.execute(arguments));
    }

    /** The folder with what the guests boot from, which {@code bench/run} makes. */
    static Path guests() {
        return Path.of(System.getProperty("bench.guests", "bench/target/guests"))
                .toAbsolutePath();
    }
}
