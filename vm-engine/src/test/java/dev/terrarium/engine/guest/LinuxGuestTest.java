// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.ConsoleStream;
import dev.terrarium.engine.MachineEnd;
import dev.terrarium.engine.config.CpuModel;
import dev.terrarium.engine.config.MachineConfig.KernelBoot;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Debian's stock kernel, started directly: shell on the serial line, its work, its end. */
@Tag("guest-boot")
class LinuxGuestTest {
    private static final Duration BOOT = Duration.ofMinutes(4);

    @TempDir
    Path home;

    static KernelBoot kernel(String commandLine) {
        Path guest = TestGuests.linux();
        return new KernelBoot(
                guest.resolve("vmlinuz").toString(), guest.resolve("initrd.gz").toString(), commandLine);
    }

    @Test
    void reachesTheShellAndPowersOff() throws Exception {
        try (GuestRun run = GuestRun.fromKernel(home, kernel("console=ttyS0 quiet"), 512)) {
            run.awaitSerial("GUEST-UP", BOOT);
            run.awaitSerial("# ", Duration.ofMinutes(1));
            try (ConsoleStream serial = run.machine().openSerial()) {
                serial.output().write("echo $((6*7))-answer\n".getBytes(StandardCharsets.US_ASCII));
                run.awaitSerial("42-answer", Duration.ofMinutes(1));
                serial.output().write("poweroff -f\n".getBytes(StandardCharsets.US_ASCII));
                assertThat(run.awaitEnd(Duration.ofMinutes(1))).isEqualTo(new MachineEnd.PoweredOff());
            }
        }
    }

    @Test
    void computesTheSameSumsAsTheHost() throws Exception {
        String command = "seq+1+20000+|+sha256sum;seq+1+5000+|+gzip+-9+|+gunzip+|+md5sum";
        try (GuestRun run = GuestRun.fromKernel(home, kernel("console=ttyS0 quiet run=" + command), 512)) {
            run.awaitSerial("GUEST-DONE 0", BOOT);
            StringBuilder numbers = new StringBuilder();
            for (int i = 1; i <= 20000; i++) {
                numbers.append(i).append('\n');
                if (i == 5000) {
                    assertThat(run.serial()).contains(digest("MD5", numbers.toString()));
                }
            }
            assertThat(run.serial()).contains(digest("SHA-256", numbers.toString()));
            assertThat(run.awaitEnd(Duration.ofMinutes(1))).isEqualTo(new MachineEnd.PoweredOff());
        }
    }

    /** Linux would refuse to start, or drop flags, if CPUID, XCR0 and XSAVE did not agree. */
    @ParameterizedTest
    @CsvSource({
        "X86_64_V1, fxsr sse2 syscall, pni ssse3 cx16 lahf_lm popcnt xsave avx bmi1 rdrand fsgsbase",
        "X86_64_V3, xsave avx avx2 bmi1 bmi2 f16c fma abm movbe, aes rdrand fsgsbase",
        "BEST, avx2 fma aes pclmulqdq rdrand rdseed fsgsbase, avx512f sha_ni"
    })
    void seesTheInstructionSetsOfItsProcessorModel(CpuModel model, String present, String absent) throws Exception {
        KernelBoot kernel = kernel("console=ttyS0 quiet run=grep+-m1+^flags+/proc/cpuinfo");
        try (GuestRun run = GuestRun.fromKernel(home, kernel, 512, model)) {
            run.awaitSerial("GUEST-DONE 0", BOOT);
            String line = run.serial()
                    .lines()
                    .filter(each -> each.startsWith("flags"))
                    .findFirst()
                    .orElseThrow();
            List<String> flags =
                    List.of(line.substring(line.indexOf(':') + 1).strip().split(" +"));
            assertThat(flags).contains(present.split(" ")).doesNotContain(absent.split(" "));
        }
    }

    /** A reboot goes through the BIOS; the ACPI power button is an event that the guest may answer. */
    @Test
    void rebootsAndAnswersThePowerButton() throws Exception {
        try (GuestRun run = GuestRun.fromKernel(home, kernel("console=ttyS0 quiet"), 512)) {
            run.awaitSerial("GUEST-UP", BOOT);
            run.awaitSerial("# ", Duration.ofMinutes(1));
            try (ConsoleStream serial = run.machine().openSerial()) {
                serial.output().write("reboot -f\n".getBytes(StandardCharsets.US_ASCII));
                run.awaitSerial("GUEST-UP", 2, BOOT);
                run.awaitSerial("# ", 2, Duration.ofMinutes(1));
                String listen = "load button; echo LISTENING-$((1)); cd /sys/firmware/acpi/interrupts;"
                        + " until grep ' [1-9]' ff_pwr_btn; do sleep 1; done; poweroff -f\n";
                serial.output().write(listen.getBytes(StandardCharsets.US_ASCII));
                run.awaitSerial("LISTENING-1", Duration.ofMinutes(1));
                run.machine().pressPowerButton();
                assertThat(run.awaitEnd(Duration.ofMinutes(1))).isEqualTo(new MachineEnd.PoweredOff());
                assertThat(run.serial()).containsPattern(" 1 +EN ");
            }
        }
    }

    private static String digest(String algorithm, String text) throws Exception {
        return java.util.HexFormat.of()
                .formatHex(java.security.MessageDigest.getInstance(algorithm)
                        .digest(text.getBytes(StandardCharsets.US_ASCII)));
    }
}
