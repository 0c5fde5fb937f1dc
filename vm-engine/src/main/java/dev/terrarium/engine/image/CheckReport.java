// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import java.util.List;
import java.util.Optional;

/**
 * What was found in an image, with the words of {@code qemu-img check}.
 *
 * @param messages a line each; many of one kind are cut short
 * @param corruptions contradictions by which data is lost or may be, as they are now
 * @param leaks clusters that nothing uses and nobody may take, as they are now
 * @param corruptionsFixed those that were mended
 * @param leaksFixed those that were given back
 * @param clusters of the disk; empty for formats without such figures
 */
public record CheckReport(
        List<String> messages,
        long corruptions,
        long leaks,
        long corruptionsFixed,
        long leaksFixed,
        Optional<Clusters> clusters) {
    public CheckReport {
        messages = List.copyOf(messages);
    }

    /** What to mend: nothing, what nobody uses, or all that can be without losing data. */
    public enum Repair {
        NONE,
        LEAKS,
        ALL
    }

    /**
     * Figures of an image with clusters.
     *
     * @param total of the guest's disk
     * @param allocated of them with bytes in the image
     * @param compressed of those
     * @param fragmented of those that do not follow their neighbour
     * @param imageEnd bytes of the file up to the last cluster that is used
     */
    public record Clusters(long total, long allocated, long compressed, long fragmented, long imageEnd) {}

    /** For formats that can name errors only. */
    public static CheckReport ofErrors(List<String> errors) {
        return new CheckReport(errors, errors.size(), 0, 0, 0, Optional.empty());
    }

    /** Whether nothing is wrong now. */
    public boolean isSound() {
        return corruptions == 0 && leaks == 0;
    }
}
