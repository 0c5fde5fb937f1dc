// SPDX-License-Identifier: GPL-3.0-or-later
/** Virtual PC's and Hyper-V's VHD images (Microsoft, Virtual Hard Disk Image Format Specification, 1.0). */
package dev.terrarium.engine.image.vhd;
