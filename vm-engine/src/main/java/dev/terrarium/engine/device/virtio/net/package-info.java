// SPDX-License-Identifier: GPL-3.0-or-later
/** The virtio network device: VIRTIO 1.2, section 5.1. */
package dev.terrarium.engine.device.virtio.net;
