// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.virtio;

import java.util.List;

/**
 * The common registers of a virtio function and its queues (VIRTIO 1.2, section 4.1.4.3).
 *
 * @param driverFeatures the features that the driver has accepted so far
 * @param interrupts the ISR status (section 4.1.4.5)
 */
public record TransportState(
        int status,
        int deviceFeatureSelect,
        int driverFeatureSelect,
        long driverFeatures,
        int configVector,
        int generation,
        int interrupts,
        int queueSelect,
        List<Virtqueue.State> queues) {}
