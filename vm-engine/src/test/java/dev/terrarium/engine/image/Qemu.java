// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** QEMU's own programs (Debian: qemu-utils), which judge what is written here. */
public final class Qemu {
    private Qemu() {}

    /** What a command printed; it must end well. */
    public static String run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue())
                .as(String.join(" ", command) + ": " + output)
                .isZero();
        return output;
    }

    /** Runs commands of qemu-io on an image. */
    public static void io(String format, Object image, List<String> commands) throws IOException, InterruptedException {
        List<String> line = new ArrayList<>(List.of("qemu-io", "-f", format));
        for (String command : commands) {
            line.add("-c");
            line.add(command);
        }
        line.add(image.toString());
        String output = run(line.toArray(String[]::new));
        assertThat(output).doesNotContain("failed").doesNotContain("error");
    }

    /** The number of a field of {@code qemu-img info --output json}'s top level. */
    public static long number(String format, Object image, String field) throws IOException, InterruptedException {
        String json = run("qemu-img", "info", "-f", format, "--output", "json", image.toString());
        String text = json.substring(json.indexOf("\"" + field + "\":") + field.length() + 3);
        return Long.parseLong(text.replaceFirst("(?s)[^0-9]*([0-9]+).*", "$1"));
    }
}
