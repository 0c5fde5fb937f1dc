// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The guest on Terrarium's software processor, in a JVM with the options of {@code ./terrarium}. */
final class TerrariumMachine extends GuestMachine {
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
        serial.send(TerrariumProcess.PAUSE);
        serial.await(TerrariumProcess.DONE, ANSWER_TIME);
    }

    @Override
    void resume() throws BenchException, IOException, InterruptedException {
        serial.send(TerrariumProcess.RESUME);
        serial.await(TerrariumProcess.DONE, ANSWER_TIME);
    }

    /** Guest instructions executed since power-on. */
    long instructions() throws BenchException, IOException, InterruptedException {
        serial.send(TerrariumProcess.COUNT);
        String answer = serial.await(TerrariumProcess.DONE, ANSWER_TIME).text();
        return Long.parseLong(answer.substring(TerrariumProcess.DONE.length()).strip());
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
