// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.posix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/** The system calls the engine makes, on Linux and other POSIX hosts with 64-bit pointers. */
public final class Posix {
    private static final int PROT_READ_WRITE = 0x3;
    private static final int MAP_SHARED = 0x01;

    /** Flags of {@link #open}: read and write, and close when another program is started. */
    public static final int O_RDWR = 0x2;

    public static final int O_CLOEXEC = 0x80000;

    /** Flags of {@link #open} for a folder that is only a place to find files from. */
    public static final int O_PATH = 0x200000;

    public static final int O_DIRECTORY = 0x10000;

    /** Error numbers: interrupted by a signal, and not now. */
    public static final int EINTR = 4;

    public static final int EAGAIN = 11;
    private static final int MAP_PRIVATE_ANONYMOUS_NORESERVE = 0x02 | 0x20 | 0x4000;

    private static final Linker LINKER = Linker.nativeLinker();
    static final StructLayout CAPTURE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO = CAPTURE.varHandle(MemoryLayout.PathElement.groupElement("errno"));
    private static final MethodHandle MMAP = handle(
            "mmap", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG));
    private static final MethodHandle MUNMAP = handle("munmap", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG));
    private static final MethodHandle OPEN =
            handle("open", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT), Linker.Option.firstVariadicArg(2));
    private static final MethodHandle CLOSE = handle("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
    private static final MethodHandle IOCTL = handle(
            "ioctl",
            FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG),
            Linker.Option.firstVariadicArg(2));

    private static final MethodHandle PREAD =
            handle("pread", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_LONG));
    private static final MethodHandle MINCORE =
            handle("mincore", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, ADDRESS));
    private static final MethodHandle MADVISE =
            handle("madvise", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT));
    private static final int MADV_DONTNEED = 4;
    private static final long PAGE_BYTES = 4096;
    private static final int PAGES_AT_ONCE = 1 << 16;

    private Posix() {}

    private static MethodHandle handle(String name, FunctionDescriptor descriptor, Linker.Option... options) {
        Linker.Option[] all = new Linker.Option[options.length + 1];
        all[0] = Linker.Option.captureCallState("errno");
        System.arraycopy(options, 0, all, 1, options.length);
        return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), descriptor, all);
    }

    /** Maps {@code size} bytes of zeroed private memory and returns its address. */
    public static long mapAnonymous(long size) throws PosixException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(CAPTURE);
            long address =
                    (long) MMAP.invokeExact(state, 0L, size, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS_NORESERVE, -1, 0L);
            if (address == -1) {
                throw new PosixException("mmap(" + size + " bytes)", (int) ERRNO.get(state, 0L));
            }
            return address;
        } catch (PosixException e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError("a downcall does not throw", e);
        }
    }

    /** Gives back what {@link #mapAnonymous} returned. */
    public static void unmap(long address, long size) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(CAPTURE);
            int result = (int) MUNMAP.invokeExact(state, address, size);
            if (result != 0) {
                throw new IllegalArgumentException(
                        "munmap(" + address + ", " + size + "): errno " + (int) ERRNO.get(state, 0L));
            }
        } catch (IllegalArgumentException e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError("a downcall does not throw", e);
        }
    }

    /**
     * Gives pages of what {@link #mapAnonymous} returned back to the host (madvise(2), MADV_DONTNEED of Linux): they read as zeros, and
     * take memory again when they are touched.
     *
     * @param address of a page, as {@code address + size}
     */
    public static void forgetPages(long address, long size) throws PosixException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(CAPTURE);
            int result = (int) MADVISE.invokeExact(state, address, size, MADV_DONTNEED);
            if (result != 0) {
                throw new PosixException("madvise(" + size + " bytes, MADV_DONTNEED)", (int) ERRNO.get(state, 0L));
            }
        } catch (PosixException e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError("a downcall does not throw", e);
        }
    }

    /** Opens a file and returns its descriptor. */
    public static int open(String path, int flags) throws PosixException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(CAPTURE);
            int descriptor = (int) OPEN.invokeExact(state, arena.allocateFrom(path), flags);
            if (descriptor < 0) {
                throw new PosixException("open(" + path + ")", (int) ERRNO.get(state, 0L));
            }
            return descriptor;
        } catch (PosixException e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError("a downcall does not throw", e);
        }
    }

    /** Closes what {@link #open} or an ioctl returned. */
    public static void close(int descriptor) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(CAPTURE);
            int result = (int) CLOSE.invokeExact(state, descriptor);
            if (result != 0) {
                throw new IllegalArgumentException("close(" + descriptor + "): errno " + (int) ERRNO.get(state, 0L));
            }
        } catch (IllegalArgumentException e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError("a downcall does not throw", e);
        }
    }

    /** Makes a request of a device; {@code argument} is a number or an address, as the request wants it. */
    public static int ioctl(int descriptor, long request, long argument) throws PosixException {
        try (Arena arena = Arena.ofConfined()) {
            int result = attempt(arena.allocate(CAPTURE), descriptor, request, argument);
            if (result < 0) {
                throw new PosixException("ioctl(" + descriptor + ", 0x" + Long.toHexString(request) + ")", -result);
            }
            return result;
        }
    }

    /** An ioctl's result, or its negative errno; {@code state} is where errno is captured. */
    static int attempt(MemorySegment state, int descriptor, long request, long argument) {
        try {
            int result = (int) IOCTL.invokeExact(state, descriptor, request, argument);
            return result < 0 ? -(int) ERRNO.get(state, 0L) : result;
        } catch (Throwable e) {
            throw new AssertionError("a downcall does not throw", e);
        }
    }

    /** Fills {@code target} from a file's bytes at {@code offset} (pread(2)). */
    public static void read(int descriptor, MemorySegment target, long offset) throws PosixException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(CAPTURE);
            long done = (long) PREAD.invokeExact(state, descriptor, target, target.byteSize(), offset);
            if (done != target.byteSize()) {
                throw new PosixException(
                        "pread(" + descriptor + ", " + target.byteSize() + ", " + offset + ")",
                        done < 0 ? (int) ERRNO.get(state, 0L) : 0);
            }
        } catch (PosixException e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError("a downcall does not throw", e);
        }
    }

    /** Maps the first {@code size} bytes of a file, shared with it, and returns their address. */
    public static long mapShared(int descriptor, long size) throws PosixException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(CAPTURE);
            long address = (long) MMAP.invokeExact(state, 0L, size, PROT_READ_WRITE, MAP_SHARED, descriptor, 0L);
            if (address == -1) {
                throw new PosixException("mmap(fd " + descriptor + ")", (int) ERRNO.get(state, 0L));
            }
            return address;
        } catch (PosixException e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError("a downcall does not throw", e);
        }
    }

    /** How many bytes of a page-aligned mapping are in the host's memory; 0 where the host cannot tell. */
    public static long residentBytes(long address, long size) {
        long resident = 0;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(CAPTURE);
            MemorySegment pages = arena.allocate(PAGES_AT_ONCE);
            for (long done = 0; done < size; done += PAGES_AT_ONCE * PAGE_BYTES) {
                long part = Math.min(size - done, PAGES_AT_ONCE * PAGE_BYTES);
                int result = (int) MINCORE.invokeExact(state, address + done, part, pages);
                if (result != 0) {
                    return 0;
                }
                for (long page = 0; page < part / PAGE_BYTES; page++) {
                    resident += (pages.get(JAVA_BYTE, page) & 1) * PAGE_BYTES;
                }
            }
            return resident;
        } catch (Throwable e) {
            throw new AssertionError("a downcall does not throw", e);
        }
    }
}
