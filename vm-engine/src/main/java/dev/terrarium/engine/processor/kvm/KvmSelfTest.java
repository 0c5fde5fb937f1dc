// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.kvm;

import dev.terrarium.engine.posix.PosixException;
import dev.terrarium.engine.processor.kvm.KvmReport.Grade;
import dev.terrarium.engine.processor.kvm.ProbeGuest.End;
import dev.terrarium.engine.processor.kvm.ProbeGuest.Mode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Runs short guests and says what this host's KVM is good for. Takes a tenth of a second or less. */
public final class KvmSelfTest {
    private static final int ENOENT = 2;
    private static final int ENXIO = 6;
    private static final int EACCES = 13;
    private static final int EBUSY = 16;
    private static final int ENODEV = 19;
    private static final int EOPNOTSUPP = 95;

    /** 1: dec rcx; jnz 1b. Two instructions a round. */
    private static final String LOOP = "48FFC9 75FB";

    private static final long KERNEL_ROUNDS = 5_000;
    private static final long USER_ROUNDS = 2_000_000;

    /** 1: out 0x80, al; dec rcx; jnz 1b. */
    private static final String PORT_LOOP = "E680 48FFC9 75F9";

    private static final int PORT_ROUNDS = 300;

    /** What a kernel may do that a KVM may not be able to; hexadecimal code for 64-bit ring 0 unless the mode says other. */
    private enum Ability {
        REAL_MODE("real mode", Mode.REAL, "B83412 3D3412 750A E680"),
        PROTECTED_MODE("32-bit paging", Mode.PROTECTED, "B878563412 8903 3B03 0F20D8 0F22D8"),
        LONG_MODE("64-bit mode", Mode.LONG_KERNEL, "4889D8 488903 0F20D8 0F22D8 E680"),
        CMPXCHG16B("CMPXCHG16B", Mode.LONG_KERNEL, "31C0 31D2 31C9 F0480FC70B"),
        XSAVE("XSAVE", Mode.LONG_KERNEL, "31D2 B803000000 480FAE23 480FAE2B"),
        FXSAVE("FXSAVE", Mode.LONG_KERNEL, "480FAE03 480FAE0B"),
        SSE("SSE", Mode.LONG_KERNEL, "660FEFC0 660F7F03 F30F6F03 660FFEC0"),
        SYSTEM_REGISTERS("system registers", Mode.LONG_KERNEL, "0F01F8 0F01F8 0F06 B910000000 0F32"),
        USER_MODE("ring 3", Mode.LONG_USER, "4889D8 488903 660FEFC0");

        private final String text;
        private final Mode mode;
        private final String code;

        Ability(String text, Mode mode, String code) {
            this.text = text;
            this.mode = mode;
            this.code = code;
        }
    }

    private KvmSelfTest() {}

    /** Runs the test. */
    public static KvmReport run() {
        try (ProbeGuest first = new ProbeGuest()) {
            java.util.Optional<String> missing = first.machine().missing();
            if (missing.isPresent()) {
                return KvmReport.unusable("this kernel has no " + missing.get() + ": use a newer one");
            }
        } catch (PosixException e) {
            return KvmReport.unusable(explain(e));
        } catch (IOException e) {
            return KvmReport.unusable("no memory for a test guest (" + e.getMessage() + "): close other programs");
        }
        try {
            return examine();
        } catch (IOException e) {
            return KvmReport.unusable(
                    "its test guests do not run (" + e.getMessage() + "): look into the kernel's log");
        }
    }

    private static KvmReport examine() throws IOException {
        List<String> missing = new ArrayList<>();
        for (Ability ability : Ability.values()) {
            if (!has(ability)) {
                missing.add(ability.text);
            }
        }
        if (!takesInterrupts()) {
            missing.add("interrupts");
        }
        if (!raisesBreakpoint()) {
            missing.add("INT3");
        }
        double kernelRate = rate(Mode.LONG_KERNEL, KERNEL_ROUNDS);
        double userRate = rate(Mode.LONG_USER, USER_ROUNDS);
        double exit = exitMicros();
        if (missing.contains(Ability.USER_MODE.text)) {
            return KvmReport.unusable("it does not run 64-bit programs: use the software processor");
        }
        if (!KvmReport.executesKernel(kernelRate)) {
            missing.addFirst("ring 0");
        }
        Grade grade = missing.isEmpty() ? Grade.GOOD : Grade.USABLE_WITH_HELP;
        return new KvmReport(grade, "", missing, kernelRate, userRate, exit, hasControllers());
    }

    private static boolean has(Ability ability) throws IOException {
        try (ProbeGuest guest = new ProbeGuest()) {
            guest.load(ability.mode, ability.code, 0);
            return guest.run() == End.AS_WRITTEN;
        } catch (PosixException e) {
            return false;
        }
    }

    private static boolean takesInterrupts() throws IOException {
        try (ProbeGuest guest = new ProbeGuest()) {
            guest.load(Mode.LONG_KERNEL, "EBFE", 0);
            guest.interrupt();
            return guest.run() == End.AS_WRITTEN;
        }
    }

    /**
     * Can the kernel's interrupt controllers serve vCPUs? Not if there are none (Linux without CONFIG_KVM_IOAPIC), nor if they take an
     * interrupt for finished as it is delivered (a nested kvm_pvm of Linux 6.18): priorities then mean nothing, and level-triggered
     * interrupts come twice.
     */
    private static boolean hasControllers() throws IOException {
        try (ProbeGuest guest = new ProbeGuest(true)) {
            guest.load(Mode.LONG_KERNEL, LOOP, KERNEL_ROUNDS);
            return guest.keepsInterruptInService();
        } catch (PosixException e) {
            return false;
        }
    }

    private static boolean raisesBreakpoint() throws IOException {
        try (ProbeGuest guest = new ProbeGuest()) {
            guest.load(Mode.LONG_KERNEL, "CC", 0);
            return guest.run() == End.EXCEPTION;
        }
    }

    private static double rate(Mode mode, long rounds) throws IOException {
        try (ProbeGuest guest = new ProbeGuest()) {
            guest.load(mode, LOOP, rounds);
            long start = System.nanoTime();
            End end = guest.run();
            long nanos = System.nanoTime() - start;
            return end == End.AS_WRITTEN ? 2.0 * rounds * 1000 / nanos : 0;
        }
    }

    private static double exitMicros() throws IOException {
        try (ProbeGuest guest = new ProbeGuest()) {
            guest.load(Mode.LONG_KERNEL, PORT_LOOP, PORT_ROUNDS);
            long start = System.nanoTime();
            guest.run();
            return guest.portWrites() == 0 ? 0 : (System.nanoTime() - start) / 1000.0 / guest.portWrites();
        }
    }

    private static String explain(PosixException e) {
        return switch (e.errno()) {
            case ENOENT ->
                "no " + KvmMachine.DEVICE
                        + ": load the module kvm_amd or kvm_intel, and switch virtualization (SVM, VT-x) on in the BIOS";
            case EACCES -> permission();
            case ENXIO, ENODEV, EOPNOTSUPP ->
                "the processor's virtualization is off: switch SVM or VT-x on in the BIOS";
            case EBUSY -> "the processor's virtualization is in use: end the other hypervisor (VirtualBox, VMware)";
            default -> e.getMessage() + ": look into the kernel's log";
        };
    }

    private static String permission() {
        String group;
        try {
            group = String.valueOf(Files.getAttribute(Path.of(KvmMachine.DEVICE), "unix:group"));
        } catch (IOException e) {
            group = "kvm";
        }
        return KvmMachine.DEVICE + " may not be opened: join its group with  sudo usermod -aG " + group
                + " $USER  and log in again";
    }
}
