// SPDX-License-Identifier: GPL-3.0-or-later
/** VirtualBox's disk images, version 1.1. */
package dev.terrarium.engine.image.vdi;
