// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import dev.terrarium.engine.device.Clock;
import dev.terrarium.engine.memory.MemoryMap;
import dev.terrarium.engine.processor.LocalInterruptController;
import dev.terrarium.engine.processor.Ports;
import dev.terrarium.engine.processor.Processor;
import dev.terrarium.engine.processor.kvm.KvmHere;
import dev.terrarium.engine.processor.kvm.KvmProcessors;
import java.io.IOException;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;

/**
 * The programs that test the software processor's privileged architecture, run by KVM with the software processor's help:
 * they must tell the same.
 */
class KvmPrivilegedTest {
    @BeforeEach
    void runOnKvm() {
        KvmHere.require();
        PrivilegedMachine.runOn(KvmPrivilegedTest::make);
    }

    @AfterEach
    void runOnSoftware() {
        PrivilegedMachine.runOn(PrivilegedMachine.SOFTWARE);
    }

    private static Processor make(
            FeatureSet features,
            Compilation compilation,
            MemoryMap map,
            Ports ports,
            LocalInterruptController controller,
            Clock clock,
            ReentrantLock lock)
            throws IOException {
        return KvmProcessors.alone(
                map,
                ports,
                controller,
                clock,
                lock,
                (itsController, hertz) -> new SoftwareProcessor(
                        0, 1, features, map, ports, itsController, clock, hertz, lock, () -> {}));
    }

    @Nested
    class RealMode extends RealModeTest {}

    @Nested
    class ProtectedMode extends ProtectedModeTest {}

    @Nested
    class LongMode extends LongModeTest {}

    @Nested
    class TrapsAndInterrupts extends TrapAndInterruptTest {}

    @Nested
    class Paging extends PagingTest {}
}
