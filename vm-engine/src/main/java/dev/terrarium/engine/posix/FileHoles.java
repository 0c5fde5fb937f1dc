// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.posix;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Holes in files: fallocate(2), lseek(2) with SEEK_DATA and SEEK_HOLE, ftruncate(2), as Linux has them. Where the host or
 * the file system lacks one of them, the answer is empty or false and the caller does without.
 */
public final class FileHoles {
    private static final int FALLOC_FL_KEEP_SIZE = 1;
    private static final int FALLOC_FL_PUNCH_HOLE = 2;
    private static final int SEEK_DATA = 3;
    private static final int SEEK_HOLE = 4;
    private static final int ENXIO = 6;
    private static final int EINVAL = 22;
    private static final int ENOSYS = 38;
    private static final int EOPNOTSUPP = 95;

    private static final boolean LINUX = System.getProperty("os.name", "").equals("Linux");
    private static final VarHandle ERRNO = Posix.CAPTURE.varHandle(MemoryLayout.PathElement.groupElement("errno"));
    private static final Optional<MethodHandle> FALLOCATE =
            handle("fallocate", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG);
    private static final Optional<MethodHandle> LSEEK = handle("lseek", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT);
    private static final Optional<MethodHandle> FTRUNCATE = handle("ftruncate", JAVA_INT, JAVA_INT, JAVA_LONG);

    private FileHoles() {}

    private static Optional<MethodHandle> handle(String name, ValueLayout result, ValueLayout... arguments) {
        if (!LINUX) {
            return Optional.empty();
        }
        Linker linker = Linker.nativeLinker();
        return linker.defaultLookup()
                .find(name)
                .map(address -> linker.downcallHandle(
                        address, FunctionDescriptor.of(result, arguments), Linker.Option.captureCallState("errno")));
    }

    /** Makes a range read as zeros and gives its blocks back; the size stays. False if that cannot be had here. */
    public static boolean punch(int descriptor, long position, long length) throws PosixException {
        if (FALLOCATE.isEmpty()) {
            return false;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(Posix.CAPTURE);
            int result;
            do {
                result = (int) FALLOCATE
                        .get()
                        .invokeExact(state, descriptor, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, position, length);
            } while (result != 0 && (int) ERRNO.get(state, 0L) == Posix.EINTR);
            if (result == 0) {
                return true;
            }
            int errno = (int) ERRNO.get(state, 0L);
            if (errno == EOPNOTSUPP || errno == ENOSYS) {
                return false;
            }
            throw new PosixException("fallocate(" + descriptor + ", punch, " + position + ", " + length + ")", errno);
        } catch (PosixException e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError("a downcall does not throw", e);
        }
    }

    /** The first data at or after {@code position}; {@code Long.MAX_VALUE} if there is none; empty if nobody knows. */
    public static OptionalLong nextData(int descriptor, long position) throws PosixException {
        return seek(descriptor, position, SEEK_DATA);
    }

    /** The first hole at or after {@code position}, the end being one; {@code Long.MAX_VALUE} past the end. */
    public static OptionalLong nextHole(int descriptor, long position) throws PosixException {
        return seek(descriptor, position, SEEK_HOLE);
    }

    private static OptionalLong seek(int descriptor, long position, int whence) throws PosixException {
        if (LSEEK.isEmpty()) {
            return OptionalLong.empty();
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(Posix.CAPTURE);
            long result = (long) LSEEK.get().invokeExact(state, descriptor, position, whence);
            if (result >= 0) {
                return OptionalLong.of(result);
            }
            int errno = (int) ERRNO.get(state, 0L);
            if (errno == ENXIO) {
                return OptionalLong.of(Long.MAX_VALUE);
            }
            if (errno == EINVAL || errno == EOPNOTSUPP) {
                return OptionalLong.empty();
            }
            throw new PosixException("lseek(" + descriptor + ", " + position + ", " + whence + ")", errno);
        } catch (PosixException e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError("a downcall does not throw", e);
        }
    }

    /** Sets a file's size without writing to it. False if that cannot be had here. */
    public static boolean resize(int descriptor, long size) throws PosixException {
        if (FTRUNCATE.isEmpty()) {
            return false;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(Posix.CAPTURE);
            int result = (int) FTRUNCATE.get().invokeExact(state, descriptor, size);
            if (result != 0) {
                throw new PosixException("ftruncate(" + descriptor + ", " + size + ")", (int) ERRNO.get(state, 0L));
            }
            return true;
        } catch (PosixException e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError("a downcall does not throw", e);
        }
    }
}
