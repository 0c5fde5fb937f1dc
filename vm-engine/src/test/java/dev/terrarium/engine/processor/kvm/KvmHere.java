// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.kvm;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;

/** Whether tests of KVM can run. */
public final class KvmHere {
    private KvmHere() {}

    /** Skips the test, and says so, where there is no KVM. */
    public static void require() {
        boolean usable = Files.isWritable(Path.of(KvmMachine.DEVICE));
        if (!usable) {
            System.out.println("skipped: no " + KvmMachine.DEVICE + " that may be used");
        }
        assumeTrue(usable, "no /dev/kvm that may be used");
    }
}
