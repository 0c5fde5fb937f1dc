// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.guest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Real guests, made from Debian's packages by the scripts in {@code src/test/guests}; kept in {@code target/guests}. */
final class TestGuests {
    private static final Path MODULE = findModule();
    private static final Path FOLDER = MODULE.resolve("target/guests");

    private TestGuests() {}

    private static Path findModule() {
        Path here = Path.of("").toAbsolutePath();
        return Files.exists(here.resolve("src/test/guests")) ? here : here.resolve("vm-engine");
    }

    /** A folder with {@code vmlinuz} and {@code initrd.gz}: Debian's cloud kernel with busybox. */
    static synchronized Path linux() {
        Path folder = FOLDER.resolve("linux");
        run("linux-guest", folder.toString());
        return folder;
    }

    static synchronized Path debianInstaller() {
        Path iso = FOLDER.resolve("debian-installer.iso");
        run("debian-installer-iso", iso.toString());
        return iso;
    }

    /** A CD whose GRUB menu starts {@link #linux}. */
    static synchronized Path grub() {
        Path iso = FOLDER.resolve("grub.iso");
        run("grub-iso", iso.toString(), linux().toString());
        return iso;
    }

    /** A multiboot kernel, assembled from its source. */
    static synchronized Path helloMultiboot() throws IOException, InterruptedException {
        Path source = MODULE.resolve("src/test/guests/hello-multiboot.asm");
        Path kernel = FOLDER.resolve("hello-multiboot");
        Files.createDirectories(FOLDER);
        int status = new ProcessBuilder("nasm", "-w-zeroing", "-f", "bin", "-o", kernel.toString(), source.toString())
                .inheritIO()
                .start()
                .waitFor();
        if (status != 0) {
            throw new IllegalStateException(source + " does not assemble");
        }
        return kernel;
    }

    static Path memtest() {
        return Path.of("/usr/lib/memtest86+/memtest86+x64.iso");
    }

    private static void run(String script, String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(MODULE.resolve("src/test/guests").resolve(script).toString());
        command.addAll(Arrays.asList(arguments));
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String output =
                    new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
            if (!process.waitFor(5, TimeUnit.MINUTES) || process.exitValue() != 0) {
                throw new IllegalStateException(command + " failed: " + output);
            }
        } catch (IOException e) {
            throw new IllegalStateException(command + " cannot be run", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
