// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import dev.terrarium.engine.memory.AddressRange;
import dev.terrarium.engine.memory.MemoryMap;
import dev.terrarium.engine.processor.LocalInterruptController;
import dev.terrarium.engine.processor.software.PageWalker.Access;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What happens on a TLB miss: the page walk, then either a new TLB entry, or a device, or a write to a page that holds
 * decoded code. Also the accesses that the processor makes for itself, with supervisor rights whatever the CPL.
 */
final class PhysicalAccess implements MemoryAccess, CodeFetcher {
    private static final long PAGE_MASK = ~0xFFFL;
    private static final long APIC_ENABLED = 1 << 11;

    private final Cpu cpu;
    private final PageWalker walker;
    private final MemoryMap memory;
    private final LocalInterruptController interrupts;
    private final ReentrantLock boardLock;
    private final Mmu mmu;
    private final LargePages localLargePages = new LargePages();
    private final LargePages globalLargePages = new LargePages();
    private final List<TranslationListener> listeners = new ArrayList<>();
    private CodeFinder code = (physical, length) -> false;

    private Consumer<Runnable> alone = Runnable::run;

    /** What {@link #hostToModify} told last, if that page holds code; else -1. */
    private long modifiedCode = -1;

    /** Null unless compiled code is checked. */
    private @Nullable SlowPathObserver observer;

    PhysicalAccess(
            Cpu cpu,
            PageWalker walker,
            MemoryMap memory,
            LocalInterruptController interrupts,
            ReentrantLock boardLock) {
        this.cpu = cpu;
        this.walker = walker;
        this.memory = memory;
        this.interrupts = interrupts;
        this.boardLock = boardLock;
        this.mmu = cpu.shared ? new OrderedMmu(this) : new Mmu(this);
    }

    Mmu mmu() {
        return mmu;
    }

    /** Says where decoded code is. */
    @FunctionalInterface
    interface CodeFinder {
        /** Could {@code length} bytes of one page be code? */
        boolean isAt(long physical, int length);
    }

    void findCodeBy(CodeFinder finder) {
        code = finder;
    }

    /** Names what runs an action while no other vCPU of the machine executes. */
    void stopOthersBy(Consumer<Runnable> runner) {
        alone = runner;
    }

    @Override
    public void alone(Runnable action) {
        alone.accept(action);
    }

    @Override
    public long hostToModify(long linear, int size) {
        leaveRegionIfObserved();
        boolean user = cpu.cpl == 3;
        long physical = walker.translate(linear, Access.WRITE, user);
        AddressRange range = memory.find(physical);
        if (!range.readsDirectly() || range.readAddend() != range.writeAddend() || isApicPage(physical)) {
            return 0;
        }
        requireInterpreter(physical, size);
        modifiedCode = memory.codePages().isCode(physical) ? physical : -1;
        enterIfDirect(linear, physical, user);
        mmu.enterRead(user, linear, physical + range.readAddend(), notedAsGlobal(linear));
        return physical + range.readAddend();
    }

    @Override
    public void modified(int size) {
        if (modifiedCode >= 0) {
            memory.codePages().written(modifiedCode, size);
            modifiedCode = -1;
        }
    }

    /**
     * Has {@code itsObserver} told of the accesses that come here. Compiled code makes none of them any more: it stops before, and the
     * interpreter goes on.
     */
    void observeBy(SlowPathObserver itsObserver) {
        observer = itsObserver;
    }

    private void leaveRegionIfObserved() {
        if (observer != null && cpu.inRegion) {
            throw cpu.fault(GuestFault.WRITE_TO_CODE, GuestFault.NO_ERROR_CODE);
        }
    }

    /** Names what else must forget translations when the TLB does. */
    void onFlush(TranslationListener listener) {
        listeners.add(listener);
    }

    /** Forgets every translation. */
    void flush() {
        mmu.flush();
        localLargePages.clear();
        globalLargePages.clear();
        listeners.forEach(TranslationListener::forgetTranslations);
    }

    /** A load of CR3: forgets what does not come from global pages (Intel SDM volume 3, section 4.10.4.1). */
    void flushLocal() {
        mmu.flushLocal();
        localLargePages.clear();
        listeners.forEach(TranslationListener::forgetLocalTranslations);
    }

    /** INVLPG: forgets one page, global or not. The TLB holds parts of large pages, all of which must go. */
    void flushPage(long address) {
        long linear = wrap(address);
        int shift = Math.max(localLargePages.shiftAt(linear), globalLargePages.shiftAt(linear));
        if (shift > 12) {
            mmu.flushRange(linear, shift);
        } else {
            mmu.flushPage(linear);
        }
        for (TranslationListener listener : listeners) {
            listener.forgetTranslation(linear);
        }
    }

    private boolean notedAsGlobal(long linear) {
        boolean global = walker.global();
        (global ? globalLargePages : localLargePages).entered(linear, walker.pageShift());
        return global;
    }

    private static boolean crossesPage(long linear, int size) {
        return ((linear ^ (linear + size - 1)) & PAGE_MASK) != 0;
    }

    /** An access that reaches over the end of the canonical addresses faults as a whole. */
    private void requireCanonicalEnd(long linear, int size) {
        if (cpu.codeSize == 8 && !Cpu.canonical(linear + size - 1)) {
            throw cpu.nonCanonical(linear);
        }
    }

    /** In 32-bit modes linear addresses wrap at 4 GiB. */
    private long wrap(long linear) {
        return cpu.longMode && cpu.codeSize == 8 ? linear : linear & 0xFFFF_FFFFL;
    }

    @Override
    public long read(long linear, int size) {
        return readAs(linear, size, cpu.cpl == 3);
    }

    @Override
    public void write(long linear, int size, long value) {
        writeAs(linear, size, value, cpu.cpl == 3);
    }

    /** A read of the processor itself: descriptor tables, task state, interrupt vectors. */
    long systemRead(long linear, int size) {
        return readAs(wrapSystem(linear), size, false);
    }

    /** A write of the processor itself. */
    void systemWrite(long linear, int size, long value) {
        writeAs(wrapSystem(linear), size, value, false);
    }

    private long wrapSystem(long linear) {
        return cpu.longMode ? linear : linear & 0xFFFF_FFFFL;
    }

    private long readAs(long linear, int size, boolean user) {
        leaveRegionIfObserved();
        if (crossesPage(linear, size)) {
            requireCanonicalEnd(linear, size);
            int first = (int) (4096 - (linear & 4095));
            long low = walker.translate(linear, Access.READ, user);
            long high = walker.translate(wrap(linear + first), Access.READ, user);
            long value = 0;
            for (int i = 0; i < size; i++) {
                long physical = i < first ? low + i : high + i - first;
                value |= (readPhysical(physical, 1) & 0xFF) << (8 * i);
            }
            return value;
        }
        long physical = walker.translate(linear, Access.READ, user);
        AddressRange range = memory.find(physical);
        if (range.readsDirectly() && !isApicPage(physical)) {
            mmu.enterRead(user, linear, physical + range.readAddend(), notedAsGlobal(linear));
        }
        return readPhysical(physical, size);
    }

    private void writeAs(long linear, int size, long value, boolean user) {
        leaveRegionIfObserved();
        if (crossesPage(linear, size)) {
            requireCanonicalEnd(linear, size);
            int first = (int) (4096 - (linear & 4095));
            long low = walker.translate(linear, Access.WRITE, user);
            long high = walker.translate(wrap(linear + first), Access.WRITE, user);
            requireInterpreter(low, first);
            requireInterpreter(high, size - first);
            for (int i = 0; i < size; i++) {
                long physical = i < first ? low + i : high + i - first;
                writePhysical(physical, 1, (value >>> (8 * i)) & 0xFF);
            }
            return;
        }
        long physical = walker.translate(linear, Access.WRITE, user);
        enterIfDirect(linear, physical, user);
        requireInterpreter(physical, size);
        writePhysical(physical, size, value);
    }

    /** Compiled code must not write to what may be itself: it stops before it does, and the interpreter goes on. */
    private void requireInterpreter(long physical, int size) {
        if (cpu.inRegion && memory.codePages().isCode(physical) && code.isAt(physical, size)) {
            throw cpu.fault(GuestFault.WRITE_TO_CODE, GuestFault.NO_ERROR_CODE);
        }
    }

    /** What is written at once is read at the same place: compiled code looks for read-modify-writes here only. */
    private void enterIfDirect(long linear, long physical, boolean user) {
        AddressRange range = memory.find(physical);
        if (range.writesDirectly()
                && range.readAddend() == range.writeAddend()
                && !isApicPage(physical)
                && !memory.codePages().isCode(physical)) {
            if (observer != null) {
                observer.becomesWritable((physical + range.writeAddend()) & PAGE_MASK, physical & PAGE_MASK);
            }
            mmu.enterWrite(user, linear, physical + range.writeAddend(), notedAsGlobal(linear));
        }
    }

    private boolean isApicPage(long physical) {
        long base = interrupts.baseAddress();
        return (base & APIC_ENABLED) != 0 && ((physical ^ base) & PAGE_MASK & ((1L << 40) - 1)) == 0;
    }

    private long readPhysical(long physical, int size) {
        if (observer != null && (isApicPage(physical) || !memory.find(physical).readsDirectly())) {
            observer.reachesDevice(physical & PAGE_MASK);
        }
        if (!isApicPage(physical)) {
            long value = memory.read(physical, size);
            VarHandle.acquireFence();
            return value;
        }
        boardLock.lock();
        try {
            long value = interrupts.registers().read(physical & 0xFFF, size);
            return size == 8 ? value : value & ((1L << (8 * size)) - 1);
        } finally {
            boardLock.unlock();
        }
    }

    private void writePhysical(long physical, int size, long value) {
        if (observer != null) {
            tellOfWrite(observer, physical);
        }
        if (!isApicPage(physical)) {
            VarHandle.releaseFence();
            memory.write(physical, size, value);
            return;
        }
        boardLock.lock();
        try {
            interrupts.registers().write(physical & 0xFFF, size, value);
        } finally {
            boardLock.unlock();
        }
    }

    private void tellOfWrite(SlowPathObserver itsObserver, long physical) {
        AddressRange range = memory.find(physical);
        if (range.writesDirectly() && !isApicPage(physical)) {
            itsObserver.writes((physical + range.writeAddend()) & PAGE_MASK, physical & PAGE_MASK);
        } else {
            itsObserver.reachesDevice(physical & PAGE_MASK);
        }
    }

    @Override
    public void checkRead(long linear, int size) {
        leaveRegionIfObserved();
        boolean user = cpu.cpl == 3;
        requireCanonicalEnd(linear, size);
        walker.translate(linear, Access.READ, user);
        if (crossesPage(linear, size)) {
            walker.translate(wrap((linear + size - 1) & PAGE_MASK), Access.READ, user);
        }
    }

    @Override
    public void checkWrite(long linear, int size) {
        leaveRegionIfObserved();
        boolean user = cpu.cpl == 3;
        requireCanonicalEnd(linear, size);
        long physical = walker.translate(linear, Access.WRITE, user);
        if (crossesPage(linear, size)) {
            walker.translate(wrap((linear + size - 1) & PAGE_MASK), Access.WRITE, user);
        } else {
            enterIfDirect(linear, physical, user);
        }
    }

    @Override
    public long translate(long linear) {
        return walker.translate(linear, Access.EXECUTE, cpu.cpl == 3);
    }

    @Override
    public boolean isGlobal() {
        return walker.global();
    }

    @Override
    public int pageShift() {
        return walker.pageShift();
    }

    @Override
    public long host(long physical) {
        AddressRange range = memory.find(physical);
        return range.readsDirectly() && !isApicPage(physical) ? physical + range.readAddend() : 0;
    }

    @Override
    public int read8(long physical) {
        return (int) readPhysical(physical, 1) & 0xFF;
    }
}
