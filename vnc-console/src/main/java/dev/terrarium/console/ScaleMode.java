// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.console;

/** How a {@link ConsoleView} fits the guest's picture into its own size. */
public enum ScaleMode {
    /** As large as fits, keeping the picture's proportions. */
    FIT,
    /** One guest pixel is one pixel; scrolls when it does not fit. */
    ACTUAL
}
