// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import dev.terrarium.engine.posix.HostError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Why a disk's requests wait.
 *
 * @param file that the host could not read or write
 * @param error what the host said
 * @param line for a person: the file, what is wrong, what to do
 */
public record DiskTrouble(Path file, HostError error, String line) {
    private static final Logger LOG = LoggerFactory.getLogger(DiskTrouble.class);

    /**
     * What to say of a failed request.
     *
     * @param image that the drive shows; the trouble may be with a file it stands on
     * @param what was tried, such as "write"
     */
    static DiskTrouble of(Path image, String what, IOException e) {
        Path file = e instanceof HostIoException host ? host.file() : image;
        IOException cause = e.getCause() instanceof IOException inner ? inner : e;
        HostError error = HostError.of(cause);
        String begin = file + ": " + what + " failed (" + e.getMessage() + "): ";
        if (e instanceof HostIoException host && host.lasting()) {
            return new DiskTrouble(
                    file,
                    HostError.OTHER,
                    begin
                            + "the host may have lost what was written; force the machine off, and check the guest's files");
        }
        String advice =
                switch (error) {
                    case NO_ROOM -> "make room on " + mountPoint(file) + " and resume";
                    case QUOTA -> "remove files of yours on " + mountPoint(file) + " and resume";
                    case READ_ONLY -> mountPoint(file) + " became read-only; mend it and resume";
                    case DEVICE, OTHER -> "mend that and resume, or force the machine off";
                };
        return new DiskTrouble(file, error, begin + advice);
    }

    /** The folder where the file's file system begins. */
    private static Path mountPoint(Path file) {
        Path folder = file.toAbsolutePath().getParent();
        Path at = folder == null ? file : folder;
        try {
            at = at.toRealPath();
            Object device = Files.getAttribute(at, "unix:dev");
            while (at.getParent() instanceof Path parent
                    && Files.getAttribute(parent, "unix:dev").equals(device)) {
                at = parent;
            }
        } catch (IOException | UnsupportedOperationException e) {
            LOG.debug("{}: its file system is not known", file, e);
        }
        return at;
    }
}
