// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code bench/run profile}: where Terrarium spends a row's time, by JDK Flight Recorder. */
@Command(
        name = "profile",
        mixinStandardHelpOptions = true,
        description =
                "Runs one row on Terrarium alone under JDK Flight Recorder and prints the methods and lines at the top of the stack.")
final class ProfileCommand implements Callable<Integer> {
    private static final List<String> OPTIONS =
            List.of("-XX:+UnlockDiagnosticVMOptions", "-XX:+DebugNonSafepoints", "-XX:+ShowHiddenFrames");

    @Parameters(index = "0", paramLabel = "NAME", description = "The row.")
    private String name = "";

    @Option(names = "--seconds", paramLabel = "N", description = "How long to record at least (20).")
    private int seconds = 20;

    @Option(names = "--warm-up", paramLabel = "N", description = "How long to run before at least (10).")
    private int warmUp = 10;

    @Option(names = "--top", paramLabel = "N", description = "How many methods and lines to print (20).")
    private int top = 20;

    @Option(names = "--jfr", paramLabel = "FILE", description = "Keep the recording (bench/target/NAME.jfr).")
    private @Nullable Path file;

    @Override
    public Integer call() throws BenchException, IOException, InterruptedException {
        Row row = Row.named(name);
        Path recording = (file == null ? Bench.guests().resolveSibling(name + ".jfr") : file).toAbsolutePath();
        GuestImage image = new GuestImage(Bench.guests(), GuestImage.MEMORY_MIB, 1);
        try (TerrariumMachine machine = new TerrariumMachine(image, OPTIONS)) {
            machine.powerOn();
            repeat(machine, row, warmUp);
            long process = machine.process().pid();
            jcmd(process, "JFR.start", "name=bench", "settings=profile");
            int runs = repeat(machine, row, seconds);
            Files.deleteIfExists(recording);
            jcmd(process, "JFR.stop", "name=bench", "filename=" + recording);
            System.out.printf("%s, %d times %d %s:%n", name, runs, row.briefAmount(), row.unit());
        }
        HotSpots spots = new HotSpots();
        try (RecordingFile events = new RecordingFile(recording)) {
            while (events.hasMoreEvents()) {
                RecordedEvent event = events.readEvent();
                if (event.getEventType().getName().equals("jdk.ExecutionSample") && event.getStackTrace() != null) {
                    spots.add(event.getStackTrace().getFrames());
                }
            }
        }
        System.out.print(spots.text(top));
        System.out.println("the recording is " + recording);
        return 0;
    }

    private static int repeat(TerrariumMachine machine, Row row, int seconds)
            throws BenchException, IOException, InterruptedException {
        long end = System.nanoTime() + seconds * 1_000_000_000L;
        int runs = 0;
        do {
            machine.run(row, row.briefAmount(), 1);
            runs++;
        } while (System.nanoTime() < end);
        return runs;
    }

    private static void jcmd(long process, String... words) throws BenchException, IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(), String.valueOf(process));
        builder.command().addAll(List.of(words));
        Process jcmd = builder.redirectErrorStream(true).start();
        String text = new String(jcmd.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        if (jcmd.waitFor() != 0) {
            throw new BenchException("jcmd " + words[0] + " failed: " + text.replace('\n', ' '));
        }
    }
}
