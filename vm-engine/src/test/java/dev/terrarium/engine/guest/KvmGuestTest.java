// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.ConsoleStream;
import dev.terrarium.engine.MachineEnd;
import dev.terrarium.engine.MachineListener;
import dev.terrarium.engine.VirtualMachine;
import dev.terrarium.engine.config.MachineConfig.Accelerator;
import dev.terrarium.engine.processor.kvm.KvmHere;
import dev.terrarium.engine.processor.kvm.KvmHost;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Debian's stock kernel on a machine of two vCPUs that is to use KVM: it reaches its shell on a KVM of any kind, and uses both. */
@Tag("guest-boot")
class KvmGuestTest {
    private static final Duration BOOT = Duration.ofMinutes(4);
    private static final int VCPUS = 2;

    @TempDir
    Path home;

    @Test
    void reachesTheShellAndPowersOff() throws Exception {
        KvmHere.require();
        CompletableFuture<String> left = new CompletableFuture<>();
        try (GuestRun run =
                GuestRun.fromKernel(home, LinuxGuestTest.kernel("console=ttyS0 quiet"), 512, Accelerator.KVM, VCPUS)) {
            run.machine().addListener(new MachineListener() {
                @Override
                public void acceleratorChanged(VirtualMachine machine, String reason) {
                    left.complete(reason);
                }
            });
            run.awaitSerial("GUEST-UP", BOOT);
            run.awaitSerial("# ", Duration.ofMinutes(1));
            boolean executes = KvmHost.report().executesKernel();
            System.out.printf(
                    "guest: accelerator %s, %d instructions in software, %.1f s busy; %s%n",
                    run.machine().statistics().accelerator(),
                    run.machine().statistics().instructions(),
                    run.machine().statistics().busyNanos() / 1e9,
                    KvmHost.report().verdict());
            assertThat(run.machine().statistics().accelerator()).isEqualTo(executes ? "kvm" : "software");
            if (!executes) {
                assertThat(left.get(1, TimeUnit.SECONDS)).contains("KVM emulates");
            }
            try (ConsoleStream serial = run.machine().openSerial()) {
                serial.output().write("echo $((21*$(nproc)))-answer\n".getBytes(StandardCharsets.US_ASCII));
                run.awaitSerial("42-answer", Duration.ofMinutes(1));
                serial.output().write("poweroff -f\n".getBytes(StandardCharsets.US_ASCII));
                assertThat(run.awaitEnd(Duration.ofMinutes(1))).isEqualTo(new MachineEnd.PoweredOff());
            }
        }
    }
}
