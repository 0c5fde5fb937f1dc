// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.control;

import dev.terrarium.engine.posix.Posix;
import dev.terrarium.engine.posix.PosixException;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * A Unix socket's address for a path of any length. An address holds 107 bytes ({@code unix(7)}); a longer path is named
 * through a descriptor of its folder, which stays open as long as this is.
 */
record SocketPath(UnixDomainSocketAddress address, int folderDescriptor) implements AutoCloseable {
    private static final int MAXIMUM_BYTES = 107;
    private static final int NONE = -1;

    static SocketPath of(Path path) throws IOException {
        if (path.toString().getBytes(StandardCharsets.UTF_8).length <= MAXIMUM_BYTES) {
            return new SocketPath(UnixDomainSocketAddress.of(path), NONE);
        }
        Path absolute = path.toAbsolutePath();
        try {
            int folder = Posix.open(
                    absolute.resolveSibling("").toString(), Posix.O_PATH | Posix.O_DIRECTORY | Posix.O_CLOEXEC);
            String shortPath = "/proc/self/fd/" + folder + "/" + absolute.getFileName();
            return new SocketPath(UnixDomainSocketAddress.of(shortPath), folder);
        } catch (PosixException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        if (folderDescriptor != NONE) {
            Posix.close(folderDescriptor);
        }
    }
}
