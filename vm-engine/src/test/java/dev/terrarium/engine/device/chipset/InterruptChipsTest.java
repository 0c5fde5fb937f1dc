// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.chipset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrarium.engine.device.ManualClock;
import dev.terrarium.engine.device.RegisterWindow;
import dev.terrarium.engine.processor.KernelInterruptChips;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The state of interrupt controllers survives being lent, and what happens meanwhile reaches the borrower. */
class InterruptChipsTest {
    private static final long SEED = 20261121;
    private static final int VCPUS = 2;

    private final ManualClock clock = new ManualClock();
    private final ApicBus bus = new ApicBus();
    private final List<LocalApic> apics = new ArrayList<>();
    private final InterruptControllerPair pic;
    private final IoApic ioApic = new IoApic(bus);
    private final InterruptChips chips;
    private final Borrower borrower = new Borrower();

    InterruptChipsTest() {
        for (int i = 0; i < VCPUS; i++) {
            apics.add(new LocalApic(i, clock, bus, () -> 0x27));
        }
        pic = new InterruptControllerPair(apics.getFirst().lint0());
        chips = new InterruptChips(pic, ioApic, bus, apics);
    }

    /** Intel SDM volume 3, section 11.11: fixed delivery to APIC 1; an address elsewhere is no interrupt. */
    @Test
    void messagesOfDevicesReachTheControllersThatWork() {
        apics.forEach(LocalApic::reset);
        apics.get(1).registers().write(0xF0, 4, 0x1FF);
        chips.message(0xFEE0_1000L, 0x41);
        chips.message(0xFED0_1000L, 0x42);
        chips.message(0x1_FEE0_1000L, 0x43);
        assertThat(apics.get(1).acknowledge()).isEqualTo(0x41);
        assertThat(apics.get(1).registers().read(0x220, 4)).isZero();

        chips.lend(borrower);
        borrower.events.clear();
        chips.message(0xFEE0_1000L, 0x44);
        chips.message(0xFED0_1000L, 0x45);
        assertThat(borrower.events).containsExactly("message fee01000 44");
    }

    /** Keeps what it is given. */
    private final class Borrower implements KernelInterruptChips {
        private final Map<Chip, byte[]> shared = new EnumMap<>(Chip.class);
        private final Map<Integer, byte[]> locals = new HashMap<>();
        private final List<String> events = new ArrayList<>();

        @Override
        public void setLine(int line, boolean asserted) {
            events.add("line " + line + " " + asserted);
        }

        @Override
        public void message(long address, int data) {
            events.add("message " + Long.toHexString(address) + " " + Integer.toHexString(data));
        }

        @Override
        public byte[] read(Chip chip) {
            return shared.get(chip).clone();
        }

        @Override
        public void write(Chip chip, byte[] image) {
            shared.put(chip, image.clone());
        }

        @Override
        public LocalApicImage readLocal(int index) {
            LocalApic.State state = apics.get(index).save();
            return new LocalApicImage(state.base(), locals.get(index), state.waitingForStartup(), false);
        }

        @Override
        public void writeLocal(int index, byte[] registers) {
            locals.put(index, registers.clone());
        }

        int register(int index, int offset) {
            return ByteBuffer.wrap(locals.get(index))
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .getInt(offset);
        }
    }

    private List<Object> states() {
        List<Object> states = new ArrayList<>(List.of(pic.save(), ioApic.save()));
        apics.forEach(apic -> states.add(apic.save()));
        return states;
    }

    private void lendAndTakeBack() {
        chips.lend(borrower);
        assertThat(chips.isLent()).isTrue();
        chips.takeBack();
        assertThat(chips.isLent()).isFalse();
    }

    private static void set(RegisterWindow window, long offset, long value) {
        window.write(offset, 4, value);
    }

    private void redirect(int pin, long low) {
        RegisterWindow registers = chips.shared(ioApic.registers());
        set(registers, 0, 0x10 + 2 * pin);
        set(registers, 0x10, low);
    }

    @Test
    void whateverTheStateItComesBackTheSame() {
        Random random = new Random(SEED);
        RegisterWindow[] windows = {
            pic.masterPorts(), pic.slavePorts(), pic.edgeLevelPorts(), ioApic.registers(),
        };
        for (int round = 0; round < 3000; round++) {
            switch (random.nextInt(6)) {
                case 0 -> windows[random.nextInt(3)].write(random.nextInt(2), 1, random.nextInt(256));
                case 1 -> {
                    set(windows[3], 0, random.nextInt(0x40));
                    set(windows[3], 0x10, random.nextInt());
                }
                case 2 -> chips.picInput(random.nextInt(16)).set(random.nextBoolean());
                case 3 -> chips.ioApicInput(random.nextInt(IoApic.PINS)).set(random.nextBoolean());
                case 4 -> {
                    RegisterWindow local = apics.get(random.nextInt(VCPUS)).registers();
                    int[] registers = {
                        0x20, 0x80, 0xB0, 0xD0, 0xE0, 0xF0, 0x280, 0x300, 0x310, 0x320, 0x350, 0x380, 0x3E0
                    };
                    int offset = registers[random.nextInt(registers.length)];
                    set(local, offset, offset == 0xF0 ? 0x1FF : random.nextInt());
                }
                default -> clock.advance(random.nextInt(1_000_000));
            }
            for (LocalApic apic : apics) {
                if (random.nextInt(4) == 0) {
                    apic.acknowledge();
                }
            }
            // Errors that were not shown yet are lost, as documented.
            apics.forEach(apic -> {
                apic.registers().write(0x280, 4, 0);
                apic.registers().write(0x280, 4, 0);
            });
            String before = describe(states());
            lendAndTakeBack();
            assertThat(describe(states()))
                    .as("seed " + SEED + ", round " + round)
                    .isEqualTo(before);
        }
    }

    /** As text, for records of arrays are not equal. The APIC timer counts whole ticks, so its start is only known to a tick. */
    private String describe(List<Object> states) {
        StringBuilder text = new StringBuilder();
        for (Object state : states) {
            text.append(
                            switch (state) {
                                case IoApic.State s ->
                                    s.id() + " " + s.select() + " " + s.lines() + " "
                                            + java.util.Arrays.toString(s.redirection());
                                case LocalApic.State s ->
                                    String.join(
                                            " ",
                                            Long.toHexString(s.base()),
                                            Integer.toHexString(s.id()),
                                            Integer.toHexString(s.tpr()),
                                            Integer.toHexString(s.ldr()),
                                            Integer.toHexString(s.dfr()),
                                            Integer.toHexString(s.svr()),
                                            java.util.Arrays.toString(s.isr()),
                                            java.util.Arrays.toString(s.tmr()),
                                            java.util.Arrays.toString(s.irr()),
                                            Integer.toHexString(s.esr()),
                                            Integer.toHexString(s.icrLow()),
                                            Integer.toHexString(s.icrHigh()),
                                            java.util.Arrays.toString(s.lvt()),
                                            s.timer().initialCount() + " "
                                                    + s.timer().divide() + " "
                                                    + s.timer().counting(),
                                            s.lint0() + " " + s.lint1() + " " + s.external() + " " + s.nonMaskable()
                                                    + " " + s.init(),
                                            s.startup() + " " + s.waitingForStartup() + " " + s.startupVector());
                                default -> state.toString();
                            })
                    .append('\n');
        }
        apics.forEach(apic -> text.append(apic.registers().read(0x390, 4)).append('\n'));
        return text.toString();
    }

    @Test
    void wiresDriveTheBorrowersChips() {
        chips.ioApicInput(20).set(true);
        chips.lend(borrower);
        assertThat(borrower.events).hasSize(IoApic.PINS).contains("line 20 true", "line 3 false");
        borrower.events.clear();
        // An ISA wire ends at both controllers; the borrower is told once.
        IsaInterrupts isa = new IsaInterrupts(chips::picInput, chips::ioApicInput);
        isa.line(3).set(true);
        chips.ioApicInput(20).set(false);
        assertThat(borrower.events).containsExactly("line 3 true", "line 20 false");
        chips.takeBack();
        assertThat(ioApic.save().lines()).isEqualTo(1 << 3);
        assertThat(pic.save().master().lines()).isEqualTo(1 << 3);
    }

    /** Level-triggered pins that are asserted ask again where the state goes; edges have been sent. */
    @Test
    void assertedLevelsGoWithTheState() {
        redirect(17, 0x1_8055);
        redirect(18, 0x1_0056);
        chips.ioApicInput(17).set(true);
        chips.ioApicInput(18).set(true);
        chips.lend(borrower);
        assertThat(ByteBuffer.wrap(borrower.read(KernelInterruptChips.Chip.IO_APIC))
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .getInt(16))
                .isEqualTo(1 << 17);
    }

    @Test
    void accessesReachTheBorrowersChips() {
        set(apics.getFirst().registers(), 0xF0, 0x1FF);
        chips.lend(borrower);
        redirect(17, 0x1_A055);
        assertThat(ByteBuffer.wrap(borrower.read(KernelInterruptChips.Chip.IO_APIC))
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .getLong(24 + 8 * 17))
                .isEqualTo(0x1_A055);
        chips.shared(pic.masterPorts()).write(1, 1, 0x5A);
        assertThat(borrower.read(KernelInterruptChips.Chip.MASTER)[2]).isEqualTo((byte) 0x5A);
        // The borrower's own change shows.
        byte[] image = borrower.read(KernelInterruptChips.Chip.MASTER);
        image[2] = 0x33;
        borrower.write(KernelInterruptChips.Chip.MASTER, image);
        assertThat(chips.shared(pic.masterPorts()).read(1, 1)).isEqualTo(0x33);
        borrower.events.clear();
        RegisterWindow local = apics.getFirst().registers();
        set(local, 0x310, 1 << 24);
        set(local, 0x300, 0x4031);
        assertThat(borrower.events).containsExactly("message fee01000 31");
        borrower.events.clear();
        set(local, 0x300, 0xC_4500);
        assertThat(borrower.events).as("INIT to all others").containsExactly("message fee01000 500");
        set(local, 0x300, 0x4_0042);
        assertThat(borrower.register(0, 0x220)).as("to itself").isEqualTo(1 << 2);
        chips.takeBack();
        assertThat(apics.getFirst().save().irr()[2]).isEqualTo(1 << 2);
        assertThat(apics.getLast().save().init()).as("the borrower's business").isFalse();
    }

    @Test
    void aLentTimerDoesNotRing() {
        RegisterWindow local = apics.getFirst().registers();
        set(local, 0xF0, 0x1FF);
        set(local, 0x3E0, 0xB);
        set(local, 0x320, 0x30);
        set(local, 0x380, 1000);
        chips.lend(borrower);
        clock.advance(5000);
        assertThat(apics.getFirst().interruptPending()).isFalse();
        assertThat(borrower.register(0, 0x390)).isEqualTo(1000);
        chips.takeBack();
        clock.advance(999);
        assertThat(apics.getFirst().interruptPending()).isFalse();
        clock.advance(1);
        assertThat(apics.getFirst().interruptPending()).isTrue();
    }

    @Test
    void theyAreLentOnce() {
        chips.takeBack();
        chips.lend(borrower);
        assertThatThrownBy(() -> chips.lend(borrower)).isInstanceOf(IllegalStateException.class);
    }
}
