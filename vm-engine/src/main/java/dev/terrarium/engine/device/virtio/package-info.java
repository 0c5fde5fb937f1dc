// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Paravirtual devices: OASIS "Virtual I/O Device (VIRTIO) Version 1.2", here called VIRTIO 1.2. The queues and the PCI transport are in
 * this package, each kind of device in one of its own.
 */
package dev.terrarium.engine.device.virtio;
