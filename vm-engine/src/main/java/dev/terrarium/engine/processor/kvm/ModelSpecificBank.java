// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.kvm;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** The model-specific registers that a state carries, as far as this KVM has them, fetched and set in one call each. */
final class ModelSpecificBank {
    private static final int SYSENTER_CS = 0x174;
    private static final int PAT = 0x277;
    private static final int KERNEL_GS_BASE = 0xC000_0102;
    private static final int TSC_AUX = 0xC000_0103;

    private final KvmVcpu vcpu;
    private final int[] present;
    private final int[] presentWithoutCounter;

    ModelSpecificBank(KvmVcpu vcpu) {
        this.vcpu = vcpu;
        List<Integer> wanted = new ArrayList<>(List.of(
                KvmRegisters.TIME_STAMP_COUNTER,
                SYSENTER_CS,
                SYSENTER_CS + 1,
                SYSENTER_CS + 2,
                PAT,
                KERNEL_GS_BASE,
                TSC_AUX));
        // STAR, LSTAR, CSTAR, FMASK.
        IntStream.rangeClosed(0xC000_0081, 0xC000_0084).forEach(wanted::add);
        // The memory type ranges (Intel SDM volume 3, section 12.11.2): variable, fixed, default.
        IntStream.rangeClosed(0x200, 0x20F).forEach(wanted::add);
        IntStream.of(0x250, 0x258, 0x259, 0x2FF).forEach(wanted::add);
        IntStream.rangeClosed(0x268, 0x26F).forEach(wanted::add);
        present = wanted.stream()
                .mapToInt(Integer::intValue)
                .filter(register -> vcpu.modelSpecific(register).isPresent())
                .toArray();
        presentWithoutCounter = IntStream.of(present)
                .filter(register -> register != KvmRegisters.TIME_STAMP_COUNTER)
                .toArray();
    }

    void read(Map<Integer, Long> values) {
        vcpu.readModelSpecific(present, values);
    }

    /**
     * Sets what {@code values} has and is different now, for setting a memory type range makes KVM throw its translations
     * away. A register that does not take its value keeps the one it had.
     */
    void write(Map<Integer, Long> values, boolean counter) {
        Map<Integer, Long> now = new HashMap<>();
        read(now);
        Map<Integer, Long> changed = new HashMap<>(values);
        changed.entrySet().removeAll(now.entrySet());
        vcpu.writeModelSpecific(counter ? present : presentWithoutCounter, changed);
    }
}
