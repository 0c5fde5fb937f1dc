// SPDX-License-Identifier: GPL-3.0-or-later
/** The virtio block device: VIRTIO 1.2, section 5.2. */
package dev.terrarium.engine.device.virtio.blk;
