// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.bench;

import dev.terrarium.engine.ConsoleStream;
import dev.terrarium.engine.Engine;
import dev.terrarium.engine.Host;
import dev.terrarium.engine.MachineEnd;
import dev.terrarium.engine.StartOptions;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.VirtualMachine;
import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.config.MachineConfig.Accelerator;
import dev.terrarium.engine.config.MachineConfig.KernelBoot;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The program that runs the benchmark's guest on Terrarium: its standard streams are the guest's serial line. Lines of input
 * that start with {@code !} are for the machine instead, and so are lines of output. Arguments: home folder, kernel, initrd, kernel command
 * line, memory in MiB, vCPUs. It ends when its input ends.
 */
public final class TerrariumProcess {
    static final String START = "!start";
    static final String PAUSE = "!pause";
    static final String RESUME = "!resume";
    static final String COUNT = "!count";
    static final String MEMORY = "!memory";
    static final String STARTS = "!starts";
    static final String ENDED = "!ended";
    static final String DONE = "!done";
    static final String REFUSED = "!refused";

    private final PrintStream output;
    private final VirtualMachine machine;
    private @Nullable OutputStream toGuest;

    private TerrariumProcess(PrintStream output, VirtualMachine machine) {
        this.output = output;
        this.machine = machine;
    }

    public static void main(String[] arguments) throws IOException {
        PrintStream output = System.out;
        int cpus = Integer.parseInt(arguments[5]);
        MachineConfig config = new MachineConfig(
                MachineConfig.CURRENT_VERSION,
                UUID.randomUUID(),
                "bench",
                "linux",
                Integer.parseInt(arguments[4]),
                cpus,
                cpus,
                Accelerator.SOFTWARE,
                List.of(),
                List.of(),
                new KernelBoot(arguments[1], arguments[2], arguments[3]),
                List.of(),
                null,
                null);
        try (Host host = Engine.open(Path.of(arguments[0]))) {
            VirtualMachine machine = host.create(config, List.of());
            new TerrariumProcess(output, machine).obey();
            if (machine.state().active()) {
                machine.forceOff();
            }
            host.delete(machine, true);
        } catch (TerrariumException e) {
            output.println("\n" + REFUSED + " " + e.getMessage());
        }
    }

    private void obey() throws IOException, TerrariumException {
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.ISO_8859_1));
        String line;
        while ((line = input.readLine()) != null) {
            switch (line) {
                case START -> start();
                case PAUSE -> {
                    machine.pause();
                    say(DONE);
                }
                case RESUME -> {
                    machine.resume();
                    say(DONE);
                }
                case COUNT -> say(DONE + " " + machine.statistics().instructions());
                case MEMORY -> say(DONE + " " + JvmMemory.ofThisProcess().format());
                default -> forward(line);
            }
        }
    }

    private void start() throws TerrariumException {
        say(STARTS);
        machine.start(StartOptions.DEFAULT);
        ConsoleStream serial = machine.openSerial();
        toGuest = serial.output();
        Thread.ofPlatform().daemon().name("bench: serial output").start(() -> copy(serial));
        Thread.ofPlatform().daemon().name("bench: end").start(this::reportEnd);
    }

    private void copy(ConsoleStream serial) {
        byte[] buffer = new byte[4096];
        try (serial) {
            int count;
            while ((count = serial.input().read(buffer)) >= 0) {
                output.write(buffer, 0, count);
                output.flush();
            }
        } catch (IOException e) {
            System.err.println("bench: the serial line broke: " + e.getMessage());
        }
    }

    private void reportEnd() {
        try {
            MachineEnd end = machine.awaitEnd();
            say(end instanceof MachineEnd.PoweredOff ? ENDED : REFUSED + " the machine ended: " + end);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void forward(String line) throws IOException {
        if (toGuest == null) {
            say(REFUSED + " the machine is off: send " + START);
            return;
        }
        toGuest.write((line + "\n").getBytes(StandardCharsets.ISO_8859_1));
        toGuest.flush();
    }

    private void say(String line) {
        output.println("\n" + line);
        output.flush();
    }
}
