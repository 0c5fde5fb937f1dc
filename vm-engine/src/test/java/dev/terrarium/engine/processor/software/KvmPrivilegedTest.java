// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.terrarium.engine.device.Clock;
import dev.terrarium.engine.memory.MemoryMap;
import dev.terrarium.engine.processor.LocalInterruptController;
import dev.terrarium.engine.processor.Ports;
import dev.terrarium.engine.processor.Processor;
import dev.terrarium.engine.processor.kvm.KvmHere;
import dev.terrarium.engine.processor.kvm.KvmHost;
import dev.terrarium.engine.processor.kvm.KvmProcessors;
import java.io.IOException;
import java.lang.reflect.Method;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.TestInfo;

/**
 * The programs that test the software processor's privileged architecture, run by KVM with the software processor's help:
 * they must tell the same.
 */
class KvmPrivilegedTest {
    /**
     * What the Linux kernel's instruction emulator, under which ring 0 runs on a KVM without hardware (kvm_pvm of Linux 6.18
     * was seen), does otherwise than a processor and without saying so: 32-bit paging, far transfers through gates, virtual-8086
     * mode, traps, and interrupts one instruction late. {@code MovePolicy.EMULATED} keeps guests away from it.
     */
    private static final Set<String> BEYOND_AN_EMULATOR = Set.of(
            "accessedAndDirtyBits",
            "callGateCopiesParameters",
            "callGateToTheKernel",
            "codeIsFetchedThroughTheNewTranslation",
            "compatibilityMode",
            "controlRegistersGuardLongMode",
            "doubleFaultThroughATaskGate",
            "errorCodesOfTwoLevelTables",
            "faultInTheHandlersStackIsADoubleFault",
            "faultsWhileDeliveringFaults",
            "flagsPoppedLetInterruptsInAtOnce",
            "fourMebibytePages",
            "interruptFromUserAndBack",
            "interruptFromUserSwitchesStacks",
            "interruptFromVirtual8086ModeSavesAndClearsSegments",
            "interruptsBeyondTheTableAreATripleFault",
            "interruptsWaitForOneInstructionAfterSti",
            "movToStackSegmentHoldsInterruptsOff",
            "movToStackSegmentHoldsTheTrapOff",
            "noExecuteAndReservedBitsOfPae",
            "nonCanonicalTargets",
            "stackAccessesToNonCanonicalAddressesAreStackFaults",
            "staleTranslationsLiveUntilInvalidated",
            "steppingGoesThroughTheHandlerAndOn",
            "systemCallAndReturn",
            "userMayNotTouchTheSystem",
            "virtual8086ModeTrapsWhatIsSensitive");

    @BeforeEach
    void runOnKvm(TestInfo test) {
        KvmHere.require();
        boolean beyond = !KvmHost.report().executesKernel()
                && BEYOND_AN_EMULATOR.contains(
                        test.getTestMethod().map(Method::getName).orElse(""));
        if (beyond) {
            System.out.println("skipped: this KVM emulates ring 0, and wrongly: " + test.getDisplayName());
        }
        assumeFalse(beyond, "this KVM emulates ring 0, and wrongly");
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
                        0, new ProcessorGroup(1), features, map, ports, itsController, clock, hertz, lock, () -> {}));
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
