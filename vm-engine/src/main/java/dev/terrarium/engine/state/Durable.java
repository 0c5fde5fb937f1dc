// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.state;

import dev.terrarium.engine.TerrariumException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

/** Changes of files and folders that a power cut leaves done or not done, and done once they returned. */
public final class Durable {
    private Durable() {}

    /** Writes a file and waits until its bytes are on the disk; its folder's entry may not be. */
    public static void write(Path file, byte[] content) throws TerrariumException {
        try (FileChannel channel = FileChannel.open(
                file, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = ByteBuffer.wrap(content);
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        } catch (IOException e) {
            throw failed(file, "written", e);
        }
    }

    /** Writes a file under another name and renames it to {@code file}: whoever looks finds the old content or the new. */
    public static void replace(Path file, byte[] content) throws TerrariumException {
        Path temporary = file.resolveSibling(file.getFileName() + ".new");
        write(temporary, content);
        rename(temporary, file);
    }

    /** Renames a file or folder within its folder; a file of the new name is replaced. */
    public static void rename(Path from, Path to) throws TerrariumException {
        try {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw failed(to, "written", e);
        }
        sync(to.toAbsolutePath().resolveSibling(""));
    }

    /** Makes the entries of a folder durable. */
    public static void sync(Path folder) throws TerrariumException {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (IOException e) {
            throw failed(folder, "written", e);
        }
    }

    /** Makes a folder whose entry is durable. */
    public static void createFolder(Path folder) throws TerrariumException {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw failed(folder, "made", e);
        }
        sync(folder.toAbsolutePath().resolveSibling(""));
    }

    /** Removes a file, or a folder with all that is in it, if it is there. Links are removed, not followed. */
    public static void delete(Path path) throws TerrariumException {
        try {
            if (!Files.exists(path, java.nio.file.LinkOption.NOFOLLOW_LINKS)) {
                return;
            }
            Files.walkFileTree(path, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                    Files.delete(file);
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult postVisitDirectory(Path folder, @Nullable IOException failure)
                        throws IOException {
                    if (failure != null) {
                        throw failure;
                    }
                    Files.delete(folder);
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException e) {
            throw failed(path, "removed", e);
        }
    }

    private static TerrariumException failed(Path path, String what, IOException e) {
        return new TerrariumException(
                path + " cannot be " + what + " (" + e + "): check its permissions and the free space", e);
    }
}
