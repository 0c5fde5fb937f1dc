// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.block;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.image.ByteStore;
import dev.terrarium.engine.image.CheckReport;
import dev.terrarium.engine.image.ImageFiles;
import dev.terrarium.engine.image.ImageFormat;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A check's errors told apart: those that name a leak are one, and all that these formats mend. */
public final class LeakReport {
    private static final String LEAK = "leak";

    private LeakReport() {}

    /** Whether an error is one. */
    public static boolean isLeak(String error) {
        return error.contains(LEAK);
    }

    /** Checks an image, mends its leaks if asked to, and counts. */
    public static CheckReport of(
            ImageFormat format, Path path, ByteStore store, CheckReport.Repair repair, ImageFiles files)
            throws TerrariumException, IOException {
        List<String> before = format.check(path, store, false, files);
        List<String> after = before;
        if (repair != CheckReport.Repair.NONE && leaks(before) > 0) {
            format.check(path, store, true, files);
            after = format.check(path, store, false, files);
        }
        long left = leaks(after);
        return new CheckReport(before, after.size() - left, left, 0, leaks(before) - left, Optional.empty());
    }

    private static long leaks(List<String> errors) {
        return errors.stream().filter(LeakReport::isLeak).count();
    }
}
