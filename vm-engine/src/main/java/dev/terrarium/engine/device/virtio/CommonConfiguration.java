// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.virtio;

import java.util.Optional;

/** The common configuration structure of the PCI transport: struct virtio_pci_common_cfg (VIRTIO 1.2, section 4.1.4.3). */
final class CommonConfiguration {
    /** Bytes of the structure. */
    static final int BYTES = 0x40;

    private static final int QUEUE_BITS = 0xFFFF;

    /** The fields, with offset and width in bytes. */
    private enum Field {
        DEVICE_FEATURE_SELECT(0x00, 4),
        DEVICE_FEATURE(0x04, 4),
        DRIVER_FEATURE_SELECT(0x08, 4),
        DRIVER_FEATURE(0x0C, 4),
        CONFIG_MSIX_VECTOR(0x10, 2),
        NUM_QUEUES(0x12, 2),
        DEVICE_STATUS(0x14, 1),
        CONFIG_GENERATION(0x15, 1),
        QUEUE_SELECT(0x16, 2),
        QUEUE_SIZE(0x18, 2),
        QUEUE_MSIX_VECTOR(0x1A, 2),
        QUEUE_ENABLE(0x1C, 2),
        QUEUE_NOTIFY_OFF(0x1E, 2),
        QUEUE_DESC(0x20, 8),
        QUEUE_DRIVER(0x28, 8),
        QUEUE_DEVICE(0x30, 8),
        QUEUE_NOTIFY_DATA(0x38, 2),
        QUEUE_RESET(0x3A, 2);

        private static final Field[] AT = new Field[BYTES];
        private final int offset;
        private final int width;

        static {
            for (Field field : values()) {
                for (int i = 0; i < field.width; i++) {
                    AT[field.offset + i] = field;
                }
            }
        }

        Field(int offset, int width) {
            this.offset = offset;
            this.width = width;
        }

        static Optional<Field> at(int offset) {
            return Optional.ofNullable(AT[offset]);
        }
    }

    private final VirtioFunction<?> function;
    int deviceFeatureSelect;
    int driverFeatureSelect;
    int queueSelect;

    CommonConfiguration(VirtioFunction<?> function) {
        this.function = function;
    }

    void reset() {
        deviceFeatureSelect = 0;
        driverFeatureSelect = 0;
        queueSelect = 0;
    }

    /** A byte of the structure; reads of any width are put together from such. */
    int readByte(int offset) {
        return Field.at(offset)
                .map(field -> (int) (value(field) >>> 8 * (offset - field.offset)) & 0xFF)
                .orElse(0);
    }

    private Optional<Virtqueue> queue() {
        return queueSelect < function.queues().size() ? Optional.of(function.queue(queueSelect)) : Optional.empty();
    }

    private long value(Field field) {
        return switch (field) {
            case DEVICE_FEATURE_SELECT -> deviceFeatureSelect;
            case DEVICE_FEATURE -> half(function.offeredFeatures(), deviceFeatureSelect);
            case DRIVER_FEATURE_SELECT -> driverFeatureSelect;
            case DRIVER_FEATURE -> half(function.driverFeatures, driverFeatureSelect);
            case CONFIG_MSIX_VECTOR -> function.configVector;
            case NUM_QUEUES -> function.queues().size();
            case DEVICE_STATUS -> function.status;
            case CONFIG_GENERATION -> function.generation;
            case QUEUE_SELECT -> queueSelect;
            case QUEUE_SIZE -> queue().map(queue -> queue.size).orElse(0);
            case QUEUE_MSIX_VECTOR -> queue().map(queue -> queue.vector).orElse(Virtqueue.NO_VECTOR);
            case QUEUE_ENABLE -> queue().map(queue -> queue.isEnabled() ? 1 : 0).orElse(0);
            case QUEUE_NOTIFY_OFF -> queue().isPresent() ? queueSelect : 0;
            case QUEUE_DESC -> queue().map(queue -> queue.descriptors).orElse(0L);
            case QUEUE_DRIVER -> queue().map(queue -> queue.available).orElse(0L);
            case QUEUE_DEVICE -> queue().map(queue -> queue.used).orElse(0L);
            case QUEUE_NOTIFY_DATA -> queue().isPresent() ? queueSelect : 0;
            case QUEUE_RESET -> 0; // a queue is reset at once
        };
    }

    private static long half(long features, int select) {
        return select == 0 ? features & 0xFFFF_FFFFL : select == 1 ? features >>> 32 : 0;
    }

    /**
     * A write of the driver's, which is of a field's own width, or of half of an 8-byte field (section 4.1.3.1); others are ignored.
     */
    void write(int offset, int size, long value) {
        Field field = Field.at(offset).orElse(null);
        if (field == null) {
            return;
        }
        if (field.width == 8 && size >= 4 && (offset - field.offset) % size == 0) {
            queue().ifPresent(queue -> writeAddress(queue, field, 8 * (offset - field.offset), size, value));
        } else if (size == field.width && offset == field.offset) {
            write(field, (int) value);
        }
    }

    private static void writeAddress(Virtqueue queue, Field field, int shift, int size, long value) {
        if (queue.isEnabled()) {
            return;
        }
        long mask = (size == 8 ? -1L : 0xFFFF_FFFFL) << shift;
        long bits = value << shift & mask;
        switch (field) {
            case QUEUE_DESC -> queue.descriptors = queue.descriptors & ~mask | bits;
            case QUEUE_DRIVER -> queue.available = queue.available & ~mask | bits;
            default -> queue.used = queue.used & ~mask | bits;
        }
    }

    private void write(Field field, int value) {
        switch (field) {
            case DEVICE_FEATURE_SELECT -> deviceFeatureSelect = value;
            case DRIVER_FEATURE_SELECT -> driverFeatureSelect = value;
            case DRIVER_FEATURE -> writeFeatures(value);
            case CONFIG_MSIX_VECTOR -> function.configVector = function.usableVector(value);
            case DEVICE_STATUS -> function.writeStatus(value);
            case QUEUE_SELECT -> queueSelect = value & QUEUE_BITS;
            case QUEUE_SIZE ->
                queue().filter(queue -> !queue.isEnabled() && queue.canHaveSize(value))
                        .ifPresent(queue -> queue.size = value);
            case QUEUE_MSIX_VECTOR -> queue().ifPresent(queue -> queue.vector = function.usableVector(value));
            case QUEUE_ENABLE -> queue().filter(queue -> value == 1).ifPresent(Virtqueue::enable);
            case QUEUE_RESET ->
                queue().filter(queue -> value == 1).ifPresent(queue -> function.resetQueue(queueSelect));
            default -> {} // read-only
        }
    }

    private void writeFeatures(int value) {
        if ((function.status & VirtioFunction.FEATURES_OK) != 0) {
            return;
        }
        long features = function.driverFeatures;
        if (driverFeatureSelect == 0) {
            function.driverFeatures = features & ~0xFFFF_FFFFL | Integer.toUnsignedLong(value);
        } else if (driverFeatureSelect == 1) {
            function.driverFeatures = features & 0xFFFF_FFFFL | (long) value << 32;
        }
    }
}
