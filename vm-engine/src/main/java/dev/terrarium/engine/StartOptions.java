// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine;

import java.io.OutputStream;
import org.jspecify.annotations.Nullable;

/**
 * How to start a machine this once.
 *
 * @param serialOutput receives what the guest sends on its first serial line; null keeps it for {@code console}
 * @param vncAddress also serve the screen on this TCP address, as {@code 127.0.0.1:5900}; null for none
 * @param vncPassword asked for by the TCP server; null for none
 * @param disposable whether what the guest writes is thrown away when the machine is off, however it ends
 */
public record StartOptions(
        @Nullable OutputStream serialOutput,
        @Nullable String vncAddress,
        @Nullable String vncPassword,
        boolean disposable) {
    public static final StartOptions DEFAULT = new StartOptions(null, null, null);

    /** A run whose writes are kept. */
    public StartOptions(
            @Nullable OutputStream serialOutput, @Nullable String vncAddress, @Nullable String vncPassword) {
        this(serialOutput, vncAddress, vncPassword, false);
    }
}
