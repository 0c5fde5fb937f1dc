// SPDX-License-Identifier: GPL-3.0-or-later
/** The traditional virtio memory balloon: VIRTIO 1.2, section 5.5. */
package dev.terrarium.engine.device.virtio.balloon;
