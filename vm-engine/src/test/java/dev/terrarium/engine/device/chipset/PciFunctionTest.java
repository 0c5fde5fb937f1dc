// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.chipset;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.device.ByteRegisters;
import dev.terrarium.engine.device.RegisterWindow;
import dev.terrarium.engine.device.StateCheck;
import dev.terrarium.engine.device.TestBuses;
import dev.terrarium.engine.device.TestLine;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class PciFunctionTest {
    private static final long HOST_MEMORY = 0x7F00_0000_0000L;
    private static final long HOST_ROM = 0x7F00_1000_0000L;

    /** A card with all kinds of windows. */
    static final class Card extends PciFunction<Card.State> {
        record State(PciState pci, int register) {}

        private int register;

        Card() {
            super("card", new PciIdentity(0x1234, 0x5678, 1, 0x020000, 0xAAAA, 0xBBBB));
            RegisterWindow registers = new ByteRegisters() {
                @Override
                public int readByte(int offset) {
                    return register;
                }

                @Override
                public void writeByte(int offset, int value) {
                    register = value;
                }
            };
            ioBar(0, 64, registers);
            memoryBar(1, 8192, registers);
            directBar(2, 1 << 20, HOST_MEMORY);
            romBar(65536, HOST_ROM);
            interruptPin(1);
        }

        @Override
        public void reset() {
            resetPci();
            register = 0;
        }

        @Override
        public State save() {
            return new State(savePci(), register);
        }

        @Override
        public void restore(State state) {
            checkPci(state.pci);
            StateCheck.bits("register", state.register, 0xFF);
            restorePci(state.pci);
            register = state.register;
        }
    }

    private final TestBuses buses = new TestBuses();
    private final PciBus bus = new PciBus(buses, buses.memoryBus);
    private final Card card = new Card();
    private final RegisterWindow ports = bus.configPorts();

    PciFunctionTest() {
        bus.attach(3, 0, card);
        bus.reset();
        card.reset();
    }

    private long read(int slot, int function, int offset, int size) {
        ports.write(0, 4, 0x8000_0000L | slot << 11 | function << 8 | offset & 0xFC);
        return ports.read(4 + (offset & 3), size) & (1L << 8 * size) - 1;
    }

    private void write(int offset, int size, long value) {
        ports.write(0, 4, 0x8000_0000L | 3 << 11 | offset & 0xFC);
        ports.write(4 + (offset & 3), size, value);
    }

    @Test
    void identity() {
        assertThat(read(3, 0, 0, 4)).isEqualTo(0x5678_1234L);
        assertThat(read(3, 0, 2, 2)).isEqualTo(0x5678);
        assertThat(read(3, 0, 8, 4)).isEqualTo(0x0200_0001L);
        assertThat(read(3, 0, 0x2C, 4)).isEqualTo(0xBBBB_AAAAL);
        assertThat(read(3, 0, 0x3D, 1)).isEqualTo(1);
        write(0, 4, 0);
        assertThat(read(3, 0, 0, 4)).isEqualTo(0x5678_1234L);
    }

    @Test
    void emptySlotsReadAsOnes() {
        assertThat(read(4, 0, 0, 4)).isEqualTo(0xFFFF_FFFFL);
        assertThat(read(3, 1, 0, 2)).isEqualTo(0xFFFF);
        ports.write(0, 4, 0x8001_1800L);
        assertThat(ports.read(4, 4) & 0xFFFF_FFFFL).isEqualTo(0xFFFF_FFFFL);
        ports.write(0, 4, 3 << 11);
        assertThat(ports.read(4, 4) & 0xFFFF_FFFFL).isEqualTo(0xFFFF_FFFFL);
    }

    @Test
    void sizing() {
        write(0x10, 4, 0xFFFF_FFFFL);
        write(0x14, 4, 0xFFFF_FFFFL);
        write(0x18, 4, 0xFFFF_FFFFL);
        write(0x1C, 4, 0xFFFF_FFFFL);
        write(0x30, 4, 0xFFFF_F800L);
        assertThat(read(3, 0, 0x10, 4)).isEqualTo(0xFFFF_FFC1L);
        assertThat(read(3, 0, 0x14, 4)).isEqualTo(0xFFFF_E000L);
        assertThat(read(3, 0, 0x18, 4)).isEqualTo(0xFFF0_0008L);
        assertThat(read(3, 0, 0x1C, 4)).isZero();
        assertThat(read(3, 0, 0x30, 4)).isEqualTo(0xFFFF_0000L);
        assertThat(buses.ports()).isEmpty();
        assertThat(buses.memory()).isEmpty();
    }

    @Test
    void windowsAppearMoveAndVanish() {
        write(0x10, 4, 0xC000);
        write(0x14, 4, 0xFEB0_0000L);
        write(0x18, 4, 0xFD00_0000L);
        assertThat(buses.ports()).isEmpty();
        write(0x04, 2, 1);
        assertThat(buses.ports()).hasSize(1);
        buses.out(0xC010, 1, 0x5A);
        assertThat(buses.in(0xC03F, 1)).isEqualTo(0x5A);
        assertThat(buses.memory()).isEmpty();

        write(0x04, 2, 3);
        assertThat(buses.memory()).hasSize(2);
        assertThat(buses.memory().get(1))
                .extracting(TestBuses.Range::base, TestBuses.Range::readAddress, TestBuses.Range::writeAddress)
                .containsExactly(0xFD00_0000L, HOST_MEMORY, HOST_MEMORY);

        write(0x10, 4, 0xD000);
        assertThat(buses.ports())
                .singleElement()
                .extracting(TestBuses.Range::base)
                .isEqualTo(0xD000L);
        write(0x10, 4, 0xFFFF_FFFFL);
        assertThat(buses.ports()).isEmpty();
        write(0x10, 4, 0xD000);
        assertThat(buses.ports()).hasSize(1);
        write(0x04, 2, 0);
        assertThat(buses.ports()).isEmpty();
        assertThat(buses.memory()).isEmpty();
    }

    @Test
    void romHasItsOwnSwitch() {
        write(0x04, 2, 2);
        write(0x30, 4, 0xFEA0_0000L);
        assertThat(buses.memory()).isEmpty();
        write(0x30, 4, 0xFEA0_0001L);
        assertThat(buses.memory())
                .singleElement()
                .isEqualTo(new TestBuses.Range(
                        0xFEA0_0000L, 65536, buses.memory().getFirst().window(), HOST_ROM, 0));
    }

    @Test
    void resetTakesWindowsAndInterruptAway() {
        write(0x10, 4, 0xC000);
        write(0x04, 2, 1);
        card.intx().set(true);
        card.reset();
        assertThat(buses.ports()).isEmpty();
        assertThat(read(3, 0, 4, 4)).isZero();
    }

    @Test
    void pinsAreSwizzledRoutedAndShared() {
        TestLine[] pic = new TestLine[16];
        TestLine[] apic = new TestLine[24];
        for (int i = 0; i < 24; i++) {
            apic[i] = new TestLine();
        }
        for (int i = 0; i < 16; i++) {
            pic[i] = new TestLine();
        }
        IsaInterrupts interrupts = new IsaInterrupts(irq -> pic[irq], pin -> apic[pin]);
        Piix3 piix3 = new Piix3(interrupts, new TestSystem(), new A20Gate(enabled -> {}));
        bus.attach(1, 0, piix3);
        bus.connect(piix3);
        piix3.reset();
        Card second = new Card();
        bus.attach(7, 0, second);

        // Slot 3, INTA: PIRQ (3 - 1 + 0) & 3 = 2; slot 7, INTA: (7 - 1) & 3 = 2.
        card.intx().set(true);
        assertThat(pic[11].level()).isFalse();
        ports.write(0, 4, 0x8000_0860L);
        ports.write(4 + 2, 1, 11);
        assertThat(pic[11].level()).isTrue();
        assertThat(apic[11].level()).isTrue();
        second.intx().set(true);
        card.intx().set(false);
        assertThat(pic[11].level()).isTrue();
        assertThat(read(7, 0, 6, 2) & 8).isEqualTo(8);
        second.intx().set(false);
        assertThat(pic[11].level()).isFalse();

        card.intx().set(true);
        write(0x04, 2, 0x400);
        assertThat(pic[11].level()).isFalse();
        write(0x04, 2, 0);
        assertThat(pic[11].level()).isTrue();
        ports.write(0, 4, 0x8000_0860L);
        ports.write(4 + 2, 1, 10);
        assertThat(pic[11].level()).isFalse();
        assertThat(pic[10].level()).isTrue();
        ports.write(4 + 2, 1, 0x80);
        assertThat(pic[10].level()).isFalse();
    }

    @Test
    void timerWireEndsAtPinTwo() {
        TestLine[] apic = new TestLine[16];
        for (int i = 0; i < 16; i++) {
            apic[i] = new TestLine();
        }
        IsaInterrupts interrupts = new IsaInterrupts(irq -> new TestLine(), pin -> apic[pin]);
        interrupts.line(0).set(true);
        assertThat(apic[2].level()).isTrue();
        assertThat(apic[0].level()).isFalse();
    }

    @Test
    void resetControlLiesInsideTheAddressRegister() {
        TestSystem system = new TestSystem();
        Piix3 piix3 = new Piix3(
                new IsaInterrupts(irq -> new TestLine(), pin -> new TestLine()), system, new A20Gate(enabled -> {}));
        bus.connectResetControl(piix3.resetControlPort());
        ports.write(0, 4, 0x8000_1804L);
        ports.write(1, 1, 0x02);
        assertThat(system.resets()).isZero();
        ports.write(1, 1, 0x06);
        assertThat(system.resets()).isEqualTo(1);
        assertThat(ports.read(1, 1)).isEqualTo(0x02);
        assertThat(ports.read(0, 4)).isEqualTo(0x8000_1804L);
        piix3.systemControlPortA().write(0, 1, 0x01);
        assertThat(system.resets()).isEqualTo(2);
    }

    @Test
    void multiFunctionBit() {
        assertThat(read(3, 0, 0x0E, 1)).isZero();
        bus.attach(3, 1, new Card());
        assertThat(read(3, 0, 0x0E, 1)).isEqualTo(0x80);
        card.reset();
        assertThat(read(3, 0, 0x0E, 1)).isEqualTo(0x80);
    }

    @Test
    void shadowingFollowsThePamRegisters() {
        Map<Integer, String> segments = new TreeMap<>();
        HostBridge bridge = new HostBridge((base, size, readRam, writeRam) ->
                segments.put(base, size + (readRam ? "r" : "-") + (writeRam ? "w" : "-")));
        bus.attach(0, 0, bridge);
        bridge.reset();
        assertThat(segments).hasSize(13).containsEntry(0xF0000, "65536--").containsEntry(0xC0000, "16384--");
        ports.write(0, 4, 0x8000_0058L);
        ports.write(4, 4, 0x3113_3000L);
        assertThat(segments)
                .containsEntry(0xF0000, "65536rw")
                .containsEntry(0xC0000, "16384rw")
                .containsEntry(0xC4000, "16384r-")
                .containsEntry(0xC8000, "16384r-")
                .containsEntry(0xCC000, "16384rw")
                .containsEntry(0xD0000, "16384--");
        HostBridge.State saved = bridge.save();
        bridge.reset();
        bridge.restore(saved);
        assertThat(segments).containsEntry(0xF0000, "65536rw");
    }
}
