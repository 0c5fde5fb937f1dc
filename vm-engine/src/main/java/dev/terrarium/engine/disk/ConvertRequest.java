// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.disk;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * A conversion.
 *
 * @param snapshot of the source; empty for its disk as it is
 * @param options of the new image, by qemu-img's names
 * @param compress whether to compress what can be
 * @param threads how many read and compress
 * @param sparse runs of so many zeros become holes; 0 writes zeros out
 * @param create whether to make the target; else it is there, of {@code targetFormat}, and large enough
 */
public record ConvertRequest(
        ImageSource source,
        Optional<String> snapshot,
        Path target,
        String targetFormat,
        Map<String, String> options,
        boolean compress,
        int threads,
        int sparse,
        boolean create) {}
