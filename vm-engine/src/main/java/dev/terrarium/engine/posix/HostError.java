// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.posix;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** What the host said when it could not read or write a file (errno.h). */
public enum HostError {
    /** ENOSPC: the file system is full. */
    NO_ROOM(28, "No space left on device"),
    /** EDQUOT: the file's owner may use no more. */
    QUOTA(122, "Disk quota exceeded"),
    /** EROFS: the file system became read-only, as Linux makes it when it is damaged. */
    READ_ONLY(30, "Read-only file system"),
    /** EIO: the device failed. */
    DEVICE(5, "Input/output error"),
    /** Anything else. */
    OTHER(0, "");

    private static final MethodHandle STRERROR = Linker.nativeLinker()
            .downcallHandle(
                    Linker.nativeLinker().defaultLookup().findOrThrow("strerror"),
                    FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.JAVA_INT));

    private final int errno;
    private final String english;

    HostError(int errno, String english) {
        this.errno = errno;
        this.english = english;
    }

    /**
     * What an exception means. The JDK keeps no error number but the C library's text for it, in the language of the
     * process; so that text is what is compared.
     */
    public static HostError of(IOException e) {
        if (e instanceof PosixException call) {
            for (HostError each : values()) {
                if (each.errno == call.errno()) {
                    return each;
                }
            }
            return OTHER;
        }
        String message = String.valueOf(e.getMessage());
        for (HostError each : values()) {
            if (each != OTHER && (message.endsWith(each.english) || message.endsWith(text(each.errno)))) {
                return each;
            }
        }
        return OTHER;
    }

    private static String text(int errno) {
        try {
            MemorySegment text = (MemorySegment) STRERROR.invokeExact(errno);
            return text.reinterpret(Long.MAX_VALUE).getString(0);
        } catch (Throwable e) {
            throw new AssertionError("a downcall does not throw", e);
        }
    }
}
