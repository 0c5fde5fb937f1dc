// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/** Who says whether the running program may use a port (Intel SDM volume 1, section 19.5). */
interface PortGuard {
    /** Returns, or throws #GP if the {@code size} (1, 2 or 4) ports from {@code port} are out of bounds. */
    void checkPort(int port, int size);
}
