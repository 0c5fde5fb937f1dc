// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The guest on Terrarium's software processor, in a JVM with the options of {@code ./terrarium}. */
final class TerrariumMachine extends GuestMachine {
    private final Path home = Files.createTempDirectory("terrarium-bench");
    private final Process process;
    private final SerialLines serial;
    private final long launchedAt;
    private boolean cold = true;

    /**
     * @param extraOptions more options for the JVM
     */
    TerrariumMachine(GuestImage image, List<String> extraOptions) throws IOException {
        super("Terrarium");
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        for (String option : System.getProperty("bench.java.options", "").split(" ")) {
            if (!option.isEmpty()) {
                command.add(option);
            }
        }
        command.addAll(extraOptions);
        command.addAll(List.of(
                "--module-path",
                System.getProperty("jdk.module.path"),
                "--module",
                "dev.terrarium.bench/" + TerrariumProcess.class.getName(),
                home.toString(),
                image.kernel().toString(),
                image.initrd().toString(),
                GuestImage.COMMAND_LINE,
                String.valueOf(image.memoryMiB()),
                String.valueOf(image.cpus())));
        launchedAt = System.nanoTime();
        process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        serial = new SerialLines("Terrarium", process.getInputStream(), process.getOutputStream());
    }

    /** {@inheritDoc} The first power-on of a process counts from the start of its JVM. */
    @Override
    double powerOn() throws BenchException, IOException, InterruptedException {
        serial.send(TerrariumProcess.START);
        long from = serial.await(TerrariumProcess.STARTS, ANSWER_TIME).nanos();
        if (cold) {
            from = launchedAt;
            cold = false;
        }
        return (awaitBoot() - from) / 1e9;
    }

    @Override
    void powerOff() throws BenchException, IOException, InterruptedException {
        serial.send("off");
        serial.await(TerrariumProcess.ENDED, ANSWER_TIME);
    }

    @Override
    void pause() throws BenchException, IOException, InterruptedException {
        ask(TerrariumProcess.PAUSE);
    }

    @Override
    void resume() throws BenchException, IOException, InterruptedException {
        ask(TerrariumProcess.RESUME);
    }

    /** Guest instructions executed since power-on. */
    long instructions() throws BenchException, IOException, InterruptedException {
        return Long.parseLong(ask(TerrariumProcess.COUNT));
    }

    /** What the JVM uses now besides the guest's RAM. */
    JvmMemory memory() throws BenchException, IOException, InterruptedException {
        return JvmMemory.parse(ask(TerrariumProcess.MEMORY));
    }

    private String ask(String question) throws BenchException, IOException, InterruptedException {
        serial.send(question);
        String answer = serial.await(TerrariumProcess.DONE, ANSWER_TIME).text();
        return answer.substring(TerrariumProcess.DONE.length()).strip();
    }

    /** Ends the input, at which the process ends by itself; makes sure that it does, and removes the machine. */
    @Override
    public void close() throws InterruptedException {
        try {
            process.getOutputStream().close();
            if (!process.waitFor(ANSWER_TIME.toSeconds(), TimeUnit.SECONDS)) {
                System.err.println("bench: Terrarium does not end by itself");
            }
        } catch (IOException e) {
            System.err.println("bench: Terrarium does not listen any more: " + e.getMessage());
        }
        super.close();
        try (Stream<Path> files = Files.walk(home)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException | UncheckedIOException e) {
            System.err.println("bench: " + home + " stays: " + e.getMessage());
        }
    }

    @Override
    Process process() {
        return process;
    }

    @Override
    SerialLines serial() {
        return serial;
    }
}
