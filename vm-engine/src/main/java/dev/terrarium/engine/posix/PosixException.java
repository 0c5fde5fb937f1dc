// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.posix;

import java.io.IOException;

/** A system call that failed, with the call, its arguments and errno. */
public final class PosixException extends IOException {
    private static final long serialVersionUID = 1L;
    private final int errno;

    public PosixException(String call, int errno) {
        super(call + " failed: errno " + errno);
        this.errno = errno;
    }

    /** The error number, as in errno.h. */
    public int errno() {
        return errno;
    }
}
