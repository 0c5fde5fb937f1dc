// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.bench;

import java.nio.file.Path;

/**
 * What both engines boot: the same kernel, initrd, command line and size.
 *
 * @param folder holds {@code vmlinuz} (of {@code vm-engine/src/test/guests/linux-guest}) and {@code suite.gz} (of {@code
 *     bench/make-guest})
 * @param cpus vCPUs
 */
record GuestImage(Path folder, int memoryMiB, int cpus) {
    /** Room for two 64 MiB buffers a copy of memcpy, the text and what gzip makes of it. */
    static final int MEMORY_MIB = 768;

    /** Errors stay off the serial line; a panic ends the run. */
    static final String COMMAND_LINE = "console=ttyS0 quiet loglevel=1 panic=-1";

    Path kernel() {
        return folder.resolve("vmlinuz");
    }

    Path initrd() {
        return folder.resolve("suite.gz");
    }
}
