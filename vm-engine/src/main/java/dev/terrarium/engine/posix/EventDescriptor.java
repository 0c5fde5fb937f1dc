// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.posix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/** A counter in the kernel that a thread can wait for, and the kernel itself can add to or wait for (eventfd(2)). */
public final class EventDescriptor implements AutoCloseable {
    private static final int EFD_CLOEXEC = 0x80000;
    private static final int EFD_NONBLOCK = 0x800;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final VarHandle ERRNO =
            Posix.CAPTURE.varHandle(java.lang.foreign.MemoryLayout.PathElement.groupElement("errno"));
    private static final MethodHandle EVENTFD = handle("eventfd", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle READ =
            handle("read", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG));
    private static final MethodHandle WRITE =
            handle("write", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG));

    private final int descriptor;

    private EventDescriptor(int descriptor) {
        this.descriptor = descriptor;
    }

    private static MethodHandle handle(String name, FunctionDescriptor descriptor) {
        return LINKER.downcallHandle(
                LINKER.defaultLookup().findOrThrow(name), descriptor, Linker.Option.captureCallState("errno"));
    }

    /** Makes one whose {@link #take} waits for something to be added. */
    public static EventDescriptor waiting() throws PosixException {
        return create(EFD_CLOEXEC);
    }

    /** Makes one whose {@link #take} does not wait. */
    public static EventDescriptor polled() throws PosixException {
        return create(EFD_CLOEXEC | EFD_NONBLOCK);
    }

    private static EventDescriptor create(int flags) throws PosixException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(Posix.CAPTURE);
            int descriptor = (int) EVENTFD.invokeExact(state, 0, flags);
            if (descriptor < 0) {
                throw new PosixException("eventfd", (int) ERRNO.get(state, 0L));
            }
            return new EventDescriptor(descriptor);
        } catch (PosixException e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError("a downcall does not throw", e);
        }
    }

    public int descriptor() {
        return descriptor;
    }

    /** Adds to the counter, and wakes who waits. Any thread. */
    public void add(long count) throws PosixException {
        transfer(WRITE, "write", count);
    }

    /**
     * Takes what was added since the last call; 0 if that is nothing and it does not wait. A signal ends the wait with 0.
     *
     * @throws PosixException if the descriptor was closed
     */
    public long take() throws PosixException {
        return transfer(READ, "read", 0);
    }

    private long transfer(MethodHandle call, String name, long value) throws PosixException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(Posix.CAPTURE);
            MemorySegment number = arena.allocate(JAVA_LONG);
            number.set(JAVA_LONG, 0, value);
            long done = (long) call.invokeExact(state, descriptor, number, JAVA_LONG.byteSize());
            if (done == JAVA_LONG.byteSize()) {
                return number.get(JAVA_LONG, 0);
            }
            int errno = (int) ERRNO.get(state, 0L);
            if (errno == Posix.EAGAIN || errno == Posix.EINTR) {
                return 0;
            }
            throw new PosixException(name + "(eventfd " + descriptor + ")", errno);
        } catch (PosixException e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError("a downcall does not throw", e);
        }
    }

    @Override
    public void close() {
        Posix.close(descriptor);
    }
}
