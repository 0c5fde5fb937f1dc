// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.exit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The application as a process of its own, told to end by signals: what it leaves behind, and what the next start says. */
@Tag("guest-boot")
@Tag("desktop")
class SignalTest {
    @TempDir
    Path home;

    private final List<Process> processes = new ArrayList<>();
    private Path machine = Path.of("");
    private Path serial = Path.of("");

    @BeforeEach
    void createMachine() throws Exception {
        machine = home.resolve("machines/m");
        serial = home.resolve("serial");
        // mov dx, 0x3F8; mov al, '!'; out dx, al; hlt; jmp back to hlt
        byte[] disk = new byte[1 << 20];
        byte[] code = {
            (byte) 0xBA, (byte) 0xF8, 0x03, (byte) 0xB0, '!', (byte) 0xEE, (byte) 0xF4, (byte) 0xEB, (byte) 0xFD
        };
        System.arraycopy(code, 0, disk, 0, code.length);
        disk[510] = 0x55;
        disk[511] = (byte) 0xAA;
        Path image = Files.write(home.resolve("disk.img"), disk);
        Process create = terrarium("create", "--name", "m", "--memory", "64", "--disk", "path=" + image);
        assertThat(create.waitFor()).isZero();
    }

    @AfterEach
    void endProcesses() {
        processes.forEach(Process::destroyForcibly);
    }

    private Process terrarium(String... arguments) throws Exception {
        String path = Stream.of("jdk.module.path", "java.class.path")
                .map(name -> System.getProperty(name, ""))
                .filter(value -> !value.isEmpty())
                .reduce((a, b) -> a + File.pathSeparator + b)
                .orElseThrow();
        // A test started in the background of a script ignores SIGINT, and so would what it starts.
        List<String> command = new ArrayList<>(List.of(
                "env",
                "--default-signal=INT",
                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-Dglass.platform=Headless",
                "-Dprism.order=sw",
                "-cp",
                path,
                "dev.terrarium.app.Main"));
        command.addAll(Arrays.asList(arguments));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("TERRARIUM_HOME", home.toString());
        // The window draws without a display here; the command line asks whether there is one.
        builder.environment().put("DISPLAY", ":0");
        builder.redirectErrorStream(true)
                .redirectOutput(home.resolve("output-" + processes.size()).toFile());
        Process process = builder.start();
        processes.add(process);
        return process;
    }

    private static void signal(Process process, String name) throws Exception {
        Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                .inheritIO()
                .start();
        assertThat(kill.waitFor()).isZero();
    }

    private int end(Process process) throws Exception {
        assertThat(process.waitFor(30, TimeUnit.SECONDS))
                .as("it ends: " + output())
                .isTrue();
        return process.exitValue();
    }

    private String output() throws Exception {
        return Files.readString(home.resolve("output-" + (processes.size() - 1)));
    }

    private interface Check {
        boolean passed() throws Exception;
    }

    private void await(String what, Check check) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!check.passed()) {
            assertThat(processes.getLast().isAlive())
                    .as(what + "; it said: " + output())
                    .isTrue();
            assertThat(System.nanoTime()).as(what + "; it said: " + output()).isLessThan(deadline);
            TimeUnit.MILLISECONDS.sleep(50);
        }
    }

    private Process running(String... arguments) throws Exception {
        Process process = terrarium(arguments);
        await("a control socket", () -> Files.exists(machine.resolve("control.sock")));
        return process;
    }

    private void assertNothingLeft() throws Exception {
        assertThat(machine.resolve("control.sock")).doesNotExist();
        Process again = terrarium("start", "m", "--headless", "--timeout", "0.5");
        assertThat(end(again)).as(output()).isEqualTo(4);
    }

    @ParameterizedTest
    @CsvSource({"INT,130", "TERM,143"})
    void aHeadlessRunCutsThePower(String signal, int status) throws Exception {
        Process run = running("start", "m", "--headless", "--serial", serial.toString());
        await("the guest", () -> Files.exists(serial) && Files.size(serial) > 0);
        signal(run, signal);
        assertThat(end(run)).isEqualTo(status);
        assertThat(Files.readString(serial, StandardCharsets.ISO_8859_1)).endsWith("!");
        assertNothingLeft();
    }

    @ParameterizedTest
    @CsvSource({"INT,130", "TERM,143"})
    void theWindowCutsThePowerOfItsMachines(String signal, int status) throws Exception {
        Process window = running("start", "m");
        signal(window, signal);
        assertThat(end(window)).as(output()).isEqualTo(status);
        assertThat(output()).doesNotContain("Exception");
        assertNothingLeft();
    }

    /** As a power cut or a crash of the process: the socket stays, nobody answers on it, the lock is gone. */
    @Test
    void aKilledProcessLeavesAMachineThatIsOffAndStartsAgain() throws Exception {
        Process run = running("start", "m", "--headless");
        signal(run, "KILL");
        assertThat(end(run)).isEqualTo(137);
        assertThat(machine.resolve("control.sock")).exists();
        Process list = terrarium("list", "--all");
        assertThat(end(list)).isZero();
        assertThat(output()).containsPattern("m +off");
        Process destroy = terrarium("destroy", "m");
        assertThat(end(destroy)).isEqualTo(1);
        assertThat(output()).contains("does not run: start it first");
        Process again = terrarium("start", "m", "--headless", "--timeout", "0.5");
        assertThat(end(again)).as(output()).isEqualTo(4);
        assertThat(machine.resolve("control.sock")).doesNotExist();
    }
}
