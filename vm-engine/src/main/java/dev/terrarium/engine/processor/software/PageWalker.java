// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import dev.terrarium.engine.memory.AddressRange;
import dev.terrarium.engine.memory.AtomicMemory;
import dev.terrarium.engine.memory.HostMemory;
import dev.terrarium.engine.memory.MemoryMap;

/**
 * Address translation through the guest's page tables: none, 2-level, PAE and 4-level (Intel SDM volume 3, chapter 4),
 * with accessed and dirty bits, NX, 4 MiB, 2 MiB and 1 GiB pages.
 */
final class PageWalker {
    /** Physical address width that CPUID reports. */
    static final int PHYSICAL_ADDRESS_BITS = 40;

    static final int ERROR_PROTECTION = 1;
    static final int ERROR_WRITE = 1 << 1;
    static final int ERROR_USER = 1 << 2;
    static final int ERROR_RESERVED = 1 << 3;
    static final int ERROR_FETCH = 1 << 4;

    private static final long PRESENT = 1;
    private static final long WRITABLE = 1 << 1;
    private static final long USER = 1 << 2;
    private static final long ACCESSED = 1 << 5;
    private static final long DIRTY = 1 << 6;
    private static final long LARGE = 1 << 7;
    private static final long GLOBAL = 1 << 8;
    private static final long NO_EXECUTE = 1L << 63;

    private static final long ADDRESS_MASK = ((1L << PHYSICAL_ADDRESS_BITS) - 1) & ~0xFFFL;
    private static final long RESERVED_HIGH = ((1L << 52) - 1) & ~((1L << PHYSICAL_ADDRESS_BITS) - 1);

    /** What an access wants to do. */
    enum Access {
        READ,
        WRITE,
        EXECUTE
    }

    private final Cpu cpu;
    private final MemoryMap memory;
    private long a20Mask = -1L;
    private int pageShift = 12;
    private boolean global;
    private long updates;

    PageWalker(Cpu cpu, MemoryMap memory) {
        this.cpu = cpu;
        this.memory = memory;
    }

    /** Opens or closes the gate of address line 20; the TLB must be flushed with it. */
    void setA20(boolean enabled) {
        a20Mask = enabled ? -1L : ~(1L << 20);
    }

    /** The binary logarithm of the size of the page that was translated last: 12, 21, 22 or 30. */
    int pageShift() {
        return pageShift;
    }

    /** Was the page that was translated last a global one (CR4.PGE and the G bit of its entry)? */
    boolean global() {
        return global;
    }

    private boolean isGlobal(long leaf) {
        return (leaf & GLOBAL) != 0 && (cpu.cr4 & Cpu.CR4_PGE) != 0;
    }

    /** How often accessed or dirty bits were set. */
    long updates() {
        return updates;
    }

    /** The physical address of {@code linear}, or a page fault with CR2 set. */
    long translate(long linear, Access access, boolean user) {
        if ((cpu.cr0 & Cpu.CR0_PG) == 0) {
            pageShift = 12;
            global = false;
            return linear & 0xFFFF_FFFFL & a20Mask;
        }
        long physical;
        if (cpu.longMode) {
            physical = walkLong(linear, access, user);
        } else if ((cpu.cr4 & Cpu.CR4_PAE) != 0) {
            physical = walkPae(linear, access, user);
        } else {
            physical = walkTwoLevel(linear, access, user);
        }
        return physical & a20Mask;
    }

    private long walkLong(long linear, Access access, boolean user) {
        if (!Cpu.canonical(linear)) {
            throw cpu.nonCanonical(linear);
        }
        return descend(cpu.cr3 & ADDRESS_MASK, 39, linear, access, user);
    }

    private long walkPae(long linear32, Access access, boolean user) {
        long linear = linear32 & 0xFFFF_FFFFL;
        long pointer = readEntry64((cpu.cr3 & 0xFFFF_FFE0L) + (linear >>> 30) * 8);
        if ((pointer & PRESENT) == 0) {
            throw pageFault(linear, access, user, 0);
        }
        return descend(pointer & ADDRESS_MASK, 21, linear, access, user);
    }

    /** Goes down tables of 8-byte entries; {@code topShift} is the address bit where the top table's index begins. */
    private long descend(long topTable, int topShift, long linear, Access access, boolean user) {
        long table = topTable;
        long rights = WRITABLE | USER;
        boolean noExecute = false;
        for (int shift = topShift; ; shift -= 9) {
            long entryAddress = table + ((linear >>> shift) & 511) * 8;
            long entry = readEntry64(entryAddress);
            if ((entry & PRESENT) == 0) {
                throw pageFault(linear, access, user, 0);
            }
            boolean leaf = shift == 12 || (shift < 39 && (entry & LARGE) != 0);
            checkReserved64(entry, shift, leaf, linear, access, user);
            rights &= entry;
            noExecute |= entry < 0;
            if (leaf) {
                checkRights(rights, noExecute, linear, access, user);
                if (!replace(entryAddress, 8, entry, used(entry, access))) {
                    return descend(topTable, topShift, linear, access, user);
                }
                pageShift = shift;
                global = isGlobal(entry);
                long offsetMask = (1L << shift) - 1;
                return (entry & ADDRESS_MASK & ~offsetMask) | (linear & offsetMask);
            }
            if (!replace(entryAddress, 8, entry, entry | ACCESSED)) {
                return descend(topTable, topShift, linear, access, user);
            }
            table = entry & ADDRESS_MASK;
        }
    }

    private long walkTwoLevel(long linear32, Access access, boolean user) {
        long linear = linear32 & 0xFFFF_FFFFL;
        long directoryAddress = (cpu.cr3 & 0xFFFF_F000L) + (linear >>> 22) * 4;
        int directory = readEntry32(directoryAddress);
        if ((directory & PRESENT) == 0) {
            throw pageFault(linear, access, user, 0);
        }
        if ((directory & LARGE) != 0 && (cpu.cr4 & Cpu.CR4_PSE) != 0) {
            if ((directory & 0x0020_0000) != 0) {
                throw pageFault(linear, access, user, ERROR_PROTECTION | ERROR_RESERVED);
            }
            checkRights(directory, false, linear, access, user);
            if (!replace(directoryAddress, 4, directory, used(directory, access))) {
                return walkTwoLevel(linear32, access, user);
            }
            pageShift = 22;
            global = isGlobal(directory);
            // PSE-36: bits 13 to 20 of the entry are address bits 32 to 39.
            return (directory & 0xFFC0_0000L) | ((directory >>> 13) & 0xFFL) << 32 | (linear & 0x3F_FFFF);
        }
        long entryAddress = (directory & 0xFFFF_F000L) + ((linear >>> 12) & 1023) * 4;
        int entry = readEntry32(entryAddress);
        if ((entry & PRESENT) == 0) {
            throw pageFault(linear, access, user, 0);
        }
        checkRights(directory & entry, false, linear, access, user);
        if (!replace(directoryAddress, 4, directory, directory | ACCESSED)
                || !replace(entryAddress, 4, entry, used(entry, access))) {
            return walkTwoLevel(linear32, access, user);
        }
        pageShift = 12;
        global = isGlobal(entry);
        return (entry & 0xFFFF_F000L) | (linear & 0xFFF);
    }

    private void checkReserved64(long entry, int shift, boolean leaf, long linear, Access access, boolean user) {
        long reserved = RESERVED_HIGH;
        if ((cpu.efer & Cpu.EFER_NXE) == 0) {
            reserved |= NO_EXECUTE;
        }
        if (shift == 39) {
            reserved |= LARGE;
        }
        if (leaf && shift > 12) {
            reserved |= ((1L << shift) - 1) & ~0x1FFFL;
        }
        if ((entry & reserved) != 0) {
            throw pageFault(linear, access, user, ERROR_PROTECTION | ERROR_RESERVED);
        }
    }

    private void checkRights(long rights, boolean noExecute, long linear, Access access, boolean user) {
        boolean allowed = !user || (rights & USER) != 0;
        if (access == Access.WRITE) {
            allowed &= (rights & WRITABLE) != 0 || (!user && (cpu.cr0 & Cpu.CR0_WP) == 0);
        } else if (access == Access.EXECUTE) {
            allowed &= !noExecute;
        }
        if (!allowed) {
            throw pageFault(linear, access, user, ERROR_PROTECTION);
        }
    }

    private static long used(long entry, Access access) {
        return entry | ACCESSED | (access == Access.WRITE ? DIRTY : 0);
    }

    private GuestFault pageFault(long linear, Access access, boolean user, int code) {
        int error = code | (user ? ERROR_USER : 0);
        if (access == Access.WRITE) {
            error |= ERROR_WRITE;
        } else if (access == Access.EXECUTE && (cpu.cr4 & Cpu.CR4_PAE) != 0 && (cpu.efer & Cpu.EFER_NXE) != 0) {
            error |= ERROR_FETCH;
        }
        cpu.cr2 = linear;
        return cpu.fault(GuestFault.PAGE_FAULT, error);
    }

    private long readEntry64(long physical) {
        AddressRange range = memory.find(physical & a20Mask);
        return range.readsDirectly()
                ? HostMemory.ALL.get(HostMemory.LONG, (physical & a20Mask) + range.readAddend())
                : memory.read(physical & a20Mask, 8);
    }

    private int readEntry32(long physical) {
        return (int) memory.read(physical & a20Mask, 4);
    }

    /**
     * Writes an entry unless it is what is there already; false if it has changed since it was read, by another processor: then
     * the walk begins again.
     */
    private boolean replace(long physical, int size, long entry, long wanted) {
        if (wanted == entry) {
            return true;
        }
        updates++;
        long address = physical & a20Mask;
        AddressRange range = memory.find(address);
        if (range.writesDirectly() && range.readAddend() == range.writeAddend()) {
            if (!AtomicMemory.compareAndSet(address + range.writeAddend(), size, entry, wanted)) {
                return false;
            }
            memory.dirtyPages().mark(address);
            if (memory.codePages().isCode(address)) {
                memory.codePages().written(address, size);
            }
            return true;
        }
        memory.write(address, size, wanted);
        return true;
    }
}
