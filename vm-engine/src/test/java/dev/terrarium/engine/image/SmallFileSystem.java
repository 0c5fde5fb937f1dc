// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A file system in memory of a size that can be changed, so that it is really full. It is mounted in a user's name space
 * of its own (unshare, no administrator needed), and reached through that process's root.
 */
public final class SmallFileSystem implements AutoCloseable {
    private final Process shell;
    private final BufferedReader answers;

    private SmallFileSystem(Process shell) {
        this.shell = shell;
        this.answers = new BufferedReader(new InputStreamReader(shell.getInputStream(), StandardCharsets.UTF_8));
    }

    /** One of so many MiB; empty, having said so, where users may have no name spaces. */
    public static Optional<SmallFileSystem> mount(int mebibytes) throws IOException {
        Process shell = new ProcessBuilder("unshare", "--user", "--map-root-user", "--mount", "sh")
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        SmallFileSystem made = new SmallFileSystem(shell);
        try {
            made.run("mount -t tmpfs -o size=" + mebibytes + "m small /mnt");
            if (Files.isWritable(made.folder())) {
                return Optional.of(made);
            }
        } catch (IOException e) {
            System.out.println("no small file system: " + e.getMessage());
        }
        made.close();
        System.out.println("not tested: this host lets its users mount nothing");
        return Optional.empty();
    }

    private void run(String command) throws IOException {
        shell.getOutputStream().write((command + " && echo done || echo failed\n").getBytes(StandardCharsets.UTF_8));
        shell.getOutputStream().flush();
        String answer = answers.readLine();
        if (!"done".equals(answer)) {
            throw new IOException(command + ": " + answer);
        }
    }

    public Path folder() {
        return Path.of("/proc/" + shell.pid() + "/root/mnt");
    }

    public void resize(int mebibytes) throws IOException {
        run("mount -o remount,size=" + mebibytes + "m /mnt");
    }

    @Override
    public void close() {
        shell.destroy();
        try {
            answers.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
