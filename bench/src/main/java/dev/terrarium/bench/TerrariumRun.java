// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.bench;

import dev.terrarium.engine.Engine;
import dev.terrarium.engine.Host;
import dev.terrarium.engine.StartOptions;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.VirtualMachine;
import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.config.MachineConfig.Accelerator;
import dev.terrarium.engine.config.MachineConfig.KernelBoot;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;

/** Runs a guest on Terrarium's software processor, in this process. */
final class TerrariumRun {
    private TerrariumRun() {}

    static Measurement measure(Guest guest) throws TerrariumException, IOException, InterruptedException {
        Path home = Files.createTempDirectory("terrarium-bench");
        MachineConfig config = new MachineConfig(
                MachineConfig.CURRENT_VERSION,
                UUID.randomUUID(),
                "bench",
                "linux",
                guest.memoryMiB(),
                1,
                1,
                Accelerator.SOFTWARE,
                List.of(),
                List.of(),
                new KernelBoot(guest.kernel().toString(), guest.initrd().toString(), guest.commandLine()),
                List.of(),
                null,
                null);
        try (Host host = Engine.open(home)) {
            VirtualMachine machine = host.create(config, List.of());
            MarkerStream serial = new MarkerStream("GUEST-UP");
            long[] instructions = new long[1];
            long start = System.nanoTime();
            machine.start(new StartOptions(serial, null, null));
            while (machine.state().active()) {
                instructions[0] = Math.max(instructions[0], machine.statistics().instructions());
                Thread.sleep(20);
            }
            long end = System.nanoTime();
            if (serial.seenAt() == 0) {
                throw new TerrariumException(
                        "the guest did not come up: " + machine.failure().orElse("no reason"));
            }
            host.delete(machine, true);
            return new Measurement((serial.seenAt() - start) / 1e9, (end - start) / 1e9, instructions[0]);
        }
    }

    /** Notes when a text went by. */
    static final class MarkerStream extends OutputStream {
        private final StringBuilder seen = new StringBuilder();
        private final String marker;
        private volatile long seenAt;

        MarkerStream(String marker) {
            this.marker = marker;
        }

        long seenAt() {
            return seenAt;
        }

        @Override
        public void write(int value) {
            seen.append((char) (value & 0xFF));
            if (seenAt == 0 && seen.indexOf(marker) >= 0) {
                seenAt = System.nanoTime();
            }
        }
    }
}
