// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** qemu-img and qemu-io, the judges of images (Debian's qemu-utils). */
public final class Qemu {
    private Qemu() {}

    /** How a program ended, and all it said. */
    public record Outcome(int status, String output) {}

    /** Runs a program. */
    public static Outcome run(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Outcome(process.waitFor(), output);
    }

    /** Runs qemu-img, which must succeed, and returns what it said. */
    public static String img(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("qemu-img"));
        command.addAll(List.of(arguments));
        Outcome outcome = run(command);
        assertThat(outcome.status()).as("%s: %s", command, outcome.output()).isZero();
        return outcome.output();
    }

    /** Runs qemu-io's commands on an image; all must succeed. */
    public static String io(Path image, String format, List<String> commands) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("qemu-io", "-f", format, "-d", "unmap"));
        for (String each : commands) {
            command.add("-c");
            command.add(each);
        }
        command.add(image.toString());
        Outcome outcome = run(command);
        assertThat(outcome.status()).as("%s: %s", command, outcome.output()).isZero();
        assertThat(outcome.output()).doesNotContain("failed", "error");
        return outcome.output();
    }

    /** qemu-img check finds nothing, leaks included. */
    public static void check(Path image, String format) throws IOException, InterruptedException {
        Outcome outcome = run(List.of("qemu-img", "check", "-f", format, image.toString()));
        assertThat(outcome.status()).as(outcome.output()).isZero();
    }

    /** qemu-img check finds at most clusters that leak, as a killed process may leave them. */
    public static void checkAfterKill(Path image, String format) throws IOException, InterruptedException {
        Outcome outcome = run(List.of("qemu-img", "check", "-f", format, image.toString()));
        assertThat(outcome.status()).as(outcome.output()).isIn(0, 3);
    }

    /** Two images hold the same disk. */
    public static void compare(Path left, String leftFormat, Path right, String rightFormat)
            throws IOException, InterruptedException {
        img("compare", "-f", leftFormat, "-F", rightFormat, left.toString(), right.toString());
    }

    /** What a command with {@code --output=json} prints. */
    public static JsonNode json(String... arguments) throws IOException, InterruptedException {
        return new ObjectMapper().readTree(img(arguments));
    }
}
