// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import java.io.IOException;
import java.nio.file.Path;

/** The host could not read or write a file; the message is the host's. */
public final class HostIoException extends IOException {
    private static final long serialVersionUID = 1L;
    private final transient Path file;
    private final boolean lasting;

    /**
     * @param file which one
     * @param lasting whether it is no use to try again while the file is open
     */
    HostIoException(Path file, IOException cause, boolean lasting) {
        super(cause.getMessage(), cause);
        this.file = file;
        this.lasting = lasting;
    }

    public Path file() {
        return file;
    }

    /** Whether it is no use to try again while the file is open. */
    public boolean lasting() {
        return lasting;
    }
}
