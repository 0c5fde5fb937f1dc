// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device;

/** Guest memory that the host may have back until the guest touches it again. Called with the board's lock held. */
@FunctionalInterface
public interface PageRelease {
    /** Gives the whole pages of RAM in a range back, whose content is lost; what is no RAM is passed over. */
    void release(long physical, long length);
}
