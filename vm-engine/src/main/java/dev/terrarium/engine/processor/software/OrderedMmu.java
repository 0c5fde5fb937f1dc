// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import java.lang.invoke.VarHandle;

/**
 * The {@link Mmu} of a machine with several vCPUs. Reads acquire and writes release, so that other vCPUs see them in the order of the
 * program as far as x86 promises (Intel SDM volume 3, section 8.2.2): on x86 hosts that keeps HotSpot from moving them and
 * is no instruction. A class of its own, because the interpreter is compiled to slower code with it.
 */
final class OrderedMmu extends Mmu {
    OrderedMmu(MemoryAccess slow) {
        super(slow);
    }

    @Override
    int read8(long linear) {
        int value = super.read8(linear);
        VarHandle.acquireFence();
        return value;
    }

    @Override
    int read16(long linear) {
        int value = super.read16(linear);
        VarHandle.acquireFence();
        return value;
    }

    @Override
    int read32(long linear) {
        int value = super.read32(linear);
        VarHandle.acquireFence();
        return value;
    }

    @Override
    long read64(long linear) {
        long value = super.read64(linear);
        VarHandle.acquireFence();
        return value;
    }

    @Override
    void write8(long linear, int value) {
        VarHandle.releaseFence();
        super.write8(linear, value);
    }

    @Override
    void write16(long linear, int value) {
        VarHandle.releaseFence();
        super.write16(linear, value);
    }

    @Override
    void write32(long linear, int value) {
        VarHandle.releaseFence();
        super.write32(linear, value);
    }

    @Override
    void write64(long linear, long value) {
        VarHandle.releaseFence();
        super.write64(linear, value);
    }
}
