// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine;

/** Told how far long work has come. Called from any thread, one at a time. */
@FunctionalInterface
public interface Progress {
    /** Nobody looks. */
    Progress NONE = (done, total) -> true;

    /**
     * So many bytes of so many are done.
     *
     * @return whether to go on; false ends the work with an error that says so
     */
    boolean at(long done, long total);
}
