// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.kvm;

import dev.terrarium.engine.processor.ProcessorState.Activity;

/** What a vCPU whose local APIC is in the kernel does, numbered as in linux/kvm.h (KVM_MP_STATE_*). */
enum KvmActivity {
    RUNNABLE,
    UNINITIALIZED,
    INIT_RECEIVED,
    HALTED,
    SIPI_RECEIVED;

    private static final KvmActivity[] BY_NUMBER = values();

    static KvmActivity of(int number) {
        return number >= 0 && number < BY_NUMBER.length ? BY_NUMBER[number] : RUNNABLE;
    }

    static KvmActivity of(Activity activity) {
        return switch (activity) {
            case RUNNING -> RUNNABLE;
            case HALTED -> HALTED;
            case WAITING_FOR_STARTUP -> INIT_RECEIVED;
        };
    }

    boolean waitsForStartup() {
        return this == UNINITIALIZED || this == INIT_RECEIVED;
    }

    Activity asActivity() {
        return this == HALTED ? Activity.HALTED : waitsForStartup() ? Activity.WAITING_FOR_STARTUP : Activity.RUNNING;
    }
}
