// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.bench;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;

/** Runs a guest on QEMU's software processor, the peer. */
final class QemuRun {
    private QemuRun() {}

    static Measurement measure(Guest guest) throws IOException, InterruptedException {
        long start = System.nanoTime();
        Process qemu = new ProcessBuilder(List.of(
                        "qemu-system-x86_64",
                        "-accel",
                        "tcg",
                        "-m",
                        String.valueOf(guest.memoryMiB()),
                        "-nographic",
                        "-no-reboot",
                        "-net",
                        "none",
                        "-kernel",
                        guest.kernel().toString(),
                        "-initrd",
                        guest.initrd().toString(),
                        "-append",
                        guest.commandLine()))
                .redirectErrorStream(true)
                .start();
        TerrariumRun.MarkerStream serial = new TerrariumRun.MarkerStream("GUEST-UP");
        try (InputStream output = qemu.getInputStream()) {
            output.transferTo(serial);
        }
        int status = qemu.waitFor();
        long end = System.nanoTime();
        if (status != 0 || serial.seenAt() == 0) {
            throw new IOException("QEMU ended with " + status + " before the guest was up");
        }
        return new Measurement((serial.seenAt() - start) / 1e9, (end - start) / 1e9, 0);
    }
}
