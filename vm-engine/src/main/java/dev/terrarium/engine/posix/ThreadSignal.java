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

/**
 * A signal that does nothing but interrupt the system call that one thread of this process waits in (tgkill(2)). Its handler
 * is the C library's {@code abs}: native, without side effects, never an upcall into Java. The number is a real-time one
 * that neither HotSpot (SIGUSR2, SIGQUIT) nor the JDK's file channels (SIGRTMAX - 2) use.
 */
public final class ThreadSignal {
    private static final int SIGNAL = 40;

    /** struct sigaction of glibc and musl on 64-bit Linux: handler, 128 bytes of mask, flags, restorer. */
    private static final int ACTION_BYTES = 152;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final MethodHandle GETTID = handle("gettid", FunctionDescriptor.of(JAVA_INT));
    private static final MethodHandle GETPID = handle("getpid", FunctionDescriptor.of(JAVA_INT));
    private static final MethodHandle TGKILL =
            handle("tgkill", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
    private static final int PROCESS = install();

    private ThreadSignal() {}

    private static MethodHandle handle(String name, FunctionDescriptor descriptor) {
        return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), descriptor);
    }

    private static int install() {
        MethodHandle sigaction = handle("sigaction", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, ADDRESS));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment action = arena.allocate(ACTION_BYTES, 8);
            action.set(JAVA_LONG, 0, LINKER.defaultLookup().findOrThrow("abs").address());
            int result = (int) sigaction.invokeExact(SIGNAL, action, MemorySegment.NULL);
            if (result != 0) {
                throw new IllegalStateException("sigaction(" + SIGNAL + ") failed");
            }
            return (int) GETPID.invokeExact();
        } catch (IllegalStateException e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError("a downcall does not throw", e);
        }
    }

    /** The kernel's number of the calling thread, for {@link #interrupt}. */
    public static int currentThread() {
        try {
            return (int) GETTID.invokeExact();
        } catch (Throwable e) {
            throw new AssertionError("a downcall does not throw", e);
        }
    }

    /** Makes the system call that a thread of this process waits in return EINTR; if it waits in none, nothing happens. */
    public static void interrupt(int thread) {
        try {
            int unused = (int) TGKILL.invokeExact(PROCESS, thread, SIGNAL);
        } catch (Throwable e) {
            throw new AssertionError("a downcall does not throw", e);
        }
    }
}
