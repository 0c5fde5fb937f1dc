// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.board;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.device.ByteSink;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file that receives what a guest or its firmware says on a debug port. Written when a line ends or much has gathered,
 * and up to a limit, so that a guest cannot fill the host's disk.
 */
final class FirmwareLog implements ByteSink, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(FirmwareLog.class);
    private static final int BUFFER_BYTES = 4096;
    private static final long MAXIMUM_FILE_BYTES = 64 << 20;

    private final FileChannel file;
    private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
    private long written;

    private FirmwareLog(FileChannel file) {
        this.file = file;
    }

    /** Opens the file, which is emptied. */
    static FirmwareLog open(Path path) throws TerrariumException {
        try {
            return new FirmwareLog(FileChannel.open(
                    path, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE));
        } catch (IOException e) {
            throw new TerrariumException(
                    path + " cannot be written (" + e.getMessage() + "): check the folder and its permissions", e);
        }
    }

    @Override
    public void write(int value) {
        if (written >= MAXIMUM_FILE_BYTES) {
            return;
        }
        written++;
        buffer.put((byte) value);
        if (value == '\n' || !buffer.hasRemaining()) {
            flush();
        }
    }

    private void flush() {
        buffer.flip();
        try {
            while (buffer.hasRemaining()) {
                file.write(buffer);
            }
        } catch (IOException e) {
            LOG.warn("a debug log cannot be written any more", e);
            written = MAXIMUM_FILE_BYTES;
        }
        buffer.clear();
    }

    @Override
    public void close() {
        flush();
        try {
            file.close();
        } catch (IOException e) {
            LOG.warn("closing a debug log", e);
        }
    }
}
