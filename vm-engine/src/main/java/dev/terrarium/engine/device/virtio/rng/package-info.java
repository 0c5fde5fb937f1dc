// SPDX-License-Identifier: GPL-3.0-or-later
/** The virtio entropy device: VIRTIO 1.2, section 5.4. */
package dev.terrarium.engine.device.virtio.rng;
