// SPDX-License-Identifier: GPL-3.0-or-later
/** Disk and CD images on the host: who may open them, how they are read and written, what a CD image holds. */
package dev.terrarium.engine.image;
