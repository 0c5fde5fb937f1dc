// SPDX-License-Identifier: GPL-3.0-or-later
/** VMware's disk images (VMware, Virtual Disk Format 5.0). */
package dev.terrarium.engine.image.vmdk;
