// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.media;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A disk or CD image.
 *
 * @param format of a disk, qemu-img's word; empty if it is not known
 * @param title what is on a CD; else empty
 * @param size bytes that the guest sees; empty if it cannot be looked at now
 * @param hostBytes what it takes of the host's disk; the file's length if that is all that is known
 * @param uses who needs it
 * @param base the image that it stands on
 * @param snapshots how many snapshots are inside
 * @param missing whether a machine names the file and there is none
 * @param busy whether a machine that is on or saved has it, so that nobody else may open it
 * @param problem why it cannot be used, one line
 */
public record Medium(
        Path path,
        Kind kind,
        String format,
        String title,
        OptionalLong size,
        long hostBytes,
        List<Use> uses,
        Optional<Path> base,
        int snapshots,
        boolean missing,
        boolean busy,
        Optional<String> problem) {
    public Medium {
        uses = List.copyOf(uses);
    }

    /** Kind of image. */
    public enum Kind {
        DISK,
        CD
    }

    /** Somebody who needs an image. */
    public sealed interface Use {
        /** In a few words: {@code debian-12}. */
        String words();

        /** A machine has it in a drive. */
        record Drive(String machine) implements Use {
            @Override
            public String words() {
                return machine;
            }
        }

        /** Another image stands on it. */
        record Base(Path image) implements Use {
            @Override
            public String words() {
                return "base of " + image.getFileName();
            }
        }

        /** It lies with the disks of a machine that has snapshots, which may need it. */
        record Snapshots(String machine) implements Use {
            @Override
            public String words() {
                return "snapshots of " + machine;
            }
        }

        /** It lies with the disks of a machine that cannot be read, and may belong to it. */
        record Damaged(String machine) implements Use {
            @Override
            public String words() {
                return machine + " (damaged)";
            }
        }
    }

    public String name() {
        return String.valueOf(path.getFileName());
    }

    /** May its content be changed by somebody who is no machine? Not while an image or a snapshot stands on it. */
    public boolean changeable() {
        return !busy && problem.isEmpty() && uses.stream().allMatch(Use.Drive.class::isInstance);
    }
}
