// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.chipset;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The bus between the local APICs and the I/O APIC: it finds the receivers of each message. */
public final class ApicBus {
    private static final int MESSAGE_DESTINATION_SHIFT = 12;
    private static final int MESSAGE_LOGICAL = 0x04;
    private static final int MESSAGE_LEVEL = 0x8000;

    private final List<LocalApic> processors = new ArrayList<>();
    private final List<IoApic> ioApics = new ArrayList<>();

    private @Nullable Consumer<ApicMessage> elsewhere;

    /** Hands every message on, instead of finding its receivers; null to find them again. */
    void sendElsewhere(@Nullable Consumer<ApicMessage> receiver) {
        elsewhere = receiver;
    }

    void attach(LocalApic apic) {
        processors.add(apic);
    }

    void attach(IoApic apic) {
        ioApics.add(apic);
    }

    /** The local APICs, in the order in which they were made. */
    public List<LocalApic> processors() {
        return List.copyOf(processors);
    }

    /**
     * A device's message-signalled interrupt: its write of {@code data} to an address 0xFEExxxxx (Intel SDM volume 3,
     * section 11.11).
     */
    public void messageSignalled(long address, int data) {
        deliver(new ApicMessage(
                (int) (address >> MESSAGE_DESTINATION_SHIFT) & 0xFF,
                (address & MESSAGE_LOGICAL) != 0,
                DeliveryMode.of(data),
                data & 0xFF,
                (data & MESSAGE_LEVEL) != 0));
    }

    /** Delivers {@code message}; false if nobody took it. */
    boolean deliver(ApicMessage message) {
        if (elsewhere != null) {
            elsewhere.accept(message);
            return true;
        }
        if (message.mode() == DeliveryMode.LOWEST_PRIORITY) {
            LocalApic least = leastBusy(message);
            return least != null && least.receive(DeliveryMode.FIXED, message.vector(), message.level());
        }
        boolean taken = false;
        for (LocalApic apic : processors) {
            if (apic.isAddressed(message)) {
                taken |= apic.receive(message.mode(), message.vector(), message.level());
            }
        }
        return taken;
    }

    private @Nullable LocalApic leastBusy(ApicMessage message) {
        LocalApic least = null;
        for (LocalApic apic : processors) {
            if (apic.isAddressed(message)
                    && apic.enabled()
                    && (least == null || apic.processorPriority() < least.processorPriority())) {
                least = apic;
            }
        }
        return least;
    }

    /** Delivers to every processor, {@code except} one if it is not null. */
    void broadcast(DeliveryMode mode, int vector, @Nullable LocalApic except) {
        for (LocalApic apic : processors) {
            if (apic != except && elsewhere != null) {
                elsewhere.accept(new ApicMessage(apic.id(), false, mode, vector, false));
            } else if (apic != except) {
                apic.receive(mode == DeliveryMode.LOWEST_PRIORITY ? DeliveryMode.FIXED : mode, vector, false);
            }
        }
    }

    /** A processor has finished with a level-triggered interrupt. */
    void endOfInterrupt(int vector) {
        for (IoApic apic : ioApics) {
            apic.endOfInterrupt(vector);
        }
    }
}
