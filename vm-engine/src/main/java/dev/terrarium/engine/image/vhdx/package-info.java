// SPDX-License-Identifier: GPL-3.0-or-later
/** Hyper-V's VHDX images (Microsoft, [MS-VHDX]: Virtual Hard Disk v2 File Format). */
package dev.terrarium.engine.image.vhdx;
