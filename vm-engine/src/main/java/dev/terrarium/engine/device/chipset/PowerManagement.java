// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.chipset;

import dev.terrarium.engine.device.ByteRegisters;
import dev.terrarium.engine.device.Clock;
import dev.terrarium.engine.device.InterruptLine;
import dev.terrarium.engine.device.RegisterWindow;
import dev.terrarium.engine.device.StateCheck;

/**
 * The PIIX4's power management function, device 1 function 3 (Intel data sheet 290562, chapter 7): the ACPI fixed
 * hardware, a general purpose event block, the SMI command port and an SMBus host.
 *
 * <p>There is no system management mode: writing the SMI command port does what the handler would do, and the
 * configuration space says that the firmware has set up system management already.
 */
public final class PowerManagement extends PciFunction<PowerManagement.State> {
    private static final PciIdentity IDENTITY = new PciIdentity(0x8086, 0x7113, 0x03, 0x068000, 0x1AF4, 0x1100);

    private static final int PMBASE = 0x40;
    private static final int PMBASE_WRITABLE = 0xFFC0;
    private static final int DEVACTB = 0x58;
    /** DEVACTB, APMC_EN: set, it tells SeaBIOS that an SMI handler is in place. */
    private static final int DEVACTB_APMC_ENABLE = 1 << 25;

    private static final int PMREGMISC = 0x80;
    private static final int PMREGMISC_ENABLE = 0x01;
    private static final int SMBBA = 0x90;
    private static final int SMBBA_WRITABLE = 0xFFF0;
    private static final int SMBHSTCFG = 0xD2;
    private static final int SMBHSTCFG_ENABLE = 0x01;
    private static final int BASE_IS_IO = 0x1;

    private static final int PM_PORTS = 64;
    private static final int PMSTS = 0x00;
    private static final int PMEN = 0x02;
    private static final int PMCNTRL = 0x04;
    private static final int PMTMR = 0x08;

    private static final int PM1_TIMER = 0x0001;
    private static final int PM1_GLOBAL = 0x0020;
    private static final int PM1_POWER_BUTTON = 0x0100;
    private static final int PM1_SLEEP_BUTTON = 0x0200;
    private static final int PM1_RTC = 0x0400;
    private static final int PM1_WAKE = 0x8000;
    private static final int PMSTS_CLEARABLE =
            PM1_TIMER | PM1_GLOBAL | PM1_POWER_BUTTON | PM1_SLEEP_BUTTON | PM1_RTC | PM1_WAKE;
    private static final int PMEN_WRITABLE = PM1_TIMER | PM1_GLOBAL | PM1_POWER_BUTTON | PM1_SLEEP_BUTTON | PM1_RTC;

    private static final int PMCNTRL_SCI_ENABLE = 0x0001;
    private static final int PMCNTRL_SLEEP_TYPE = 0x1C00;
    private static final int PMCNTRL_SLEEP_ENABLE = 0x2000;
    private static final int PMCNTRL_WRITABLE = PMCNTRL_SCI_ENABLE | 0x0002 | PMCNTRL_SLEEP_TYPE;

    /** The values of SLP_TYP that the ACPI tables name in \_S5 and \_S4. */
    private static final int SLEEP_TYPE_SOFT_OFF = 0x0000;

    private static final int SLEEP_TYPE_HIBERNATE = 0x0800;

    private static final int TIMER_MASK = 0xFF_FFFF;
    /** The timer's status bit is set each time its top bit changes. */
    private static final long TIMER_HALF = 0x80_0000;

    private static final int GPE_STATUS = 0;
    private static final int GPE_ENABLE = 2;

    private static final int APM_CONTROL = 0;
    private static final int APM_STATUS = 1;
    private static final int APM_CONTROL_ACPI_ENABLE = 0xF1;
    private static final int APM_CONTROL_ACPI_DISABLE = 0xF0;

    /** Everything about this function; {@code timerFlip} is the tick at which the timer's top bit changes next. */
    public record State(
            PciState pci,
            int status,
            int enable,
            int control,
            long timerFlip,
            int gpeStatus,
            int gpeEnable,
            int apmControl,
            int apmStatus,
            byte[] smbus) {}

    private final InterruptLine sci;
    private final Clock clock;
    private final SystemControl system;
    private final Clock.Timer timer;
    private final SmbusHost smbus = new SmbusHost();
    private int status;
    private int enable;
    private int control;
    private long timerFlip = TIMER_HALF;
    private int gpeStatus;
    private int gpeEnable;
    private int apmControl;
    private int apmStatus;

    /** @param sci IRQ 9 */
    public PowerManagement(InterruptLine sci, Clock clock, SystemControl system) {
        super("power-management", IDENTITY);
        this.sci = sci;
        this.clock = clock;
        this.system = system;
        timer = clock.timer(this::update);
        configDefault(STATUS, 2, 0x0280);
        configDefault(INTERRUPT_PIN, 1, 1);
        for (int offset = PMBASE; offset < CONFIG_SIZE; offset++) {
            configWritable(offset, 1, 0xFF);
        }
        configDefault(PMBASE, 4, BASE_IS_IO);
        configWritable(PMBASE, 4, PMBASE_WRITABLE);
        configDefault(DEVACTB, 4, DEVACTB_APMC_ENABLE);
        configDefault(SMBBA, 4, BASE_IS_IO);
        configWritable(SMBBA, 4, SMBBA_WRITABLE);
        ioDecoder(PM_PORTS, new PowerRegisters(), () -> base(PMREGMISC, PMREGMISC_ENABLE, PMBASE, PMBASE_WRITABLE));
        ioDecoder(SmbusHost.PORTS, smbus, () -> base(SMBHSTCFG, SMBHSTCFG_ENABLE, SMBBA, SMBBA_WRITABLE));
    }

    private int base(int enableRegister, int enableBit, int baseRegister, int mask) {
        int base = config(baseRegister, 4) & mask;
        return (config(enableRegister, 1) & enableBit) != 0 && base != 0 ? base : UNMAPPED;
    }

    /** The four ports of general purpose event block 0, at 0xAFE0. */
    public RegisterWindow generalPurposeEventPorts() {
        return new ByteRegisters() {
            @Override
            public int readByte(int offset) {
                return switch (offset) {
                    case GPE_STATUS, GPE_STATUS + 1 -> gpeStatus >> 8 * offset & 0xFF;
                    case GPE_ENABLE, GPE_ENABLE + 1 -> gpeEnable >> 8 * (offset - GPE_ENABLE) & 0xFF;
                    default -> 0xFF;
                };
            }

            @Override
            public void writeByte(int offset, int value) {
                switch (offset) {
                    case GPE_STATUS, GPE_STATUS + 1 -> gpeStatus &= ~(value << 8 * offset);
                    case GPE_ENABLE, GPE_ENABLE + 1 -> gpeEnable = replaceByte(gpeEnable, offset - GPE_ENABLE, value);
                    default -> {}
                }
                update();
            }
        };
    }

    /** The SMI command and status ports, 0xB2 and 0xB3. */
    public RegisterWindow smiCommandPorts() {
        return new ByteRegisters() {
            @Override
            public int readByte(int offset) {
                return switch (offset) {
                    case APM_CONTROL -> apmControl;
                    case APM_STATUS -> apmStatus;
                    default -> 0xFF;
                };
            }

            @Override
            public void writeByte(int offset, int value) {
                switch (offset) {
                    case APM_CONTROL -> {
                        apmControl = value;
                        if (value == APM_CONTROL_ACPI_ENABLE) {
                            control |= PMCNTRL_SCI_ENABLE;
                        } else if (value == APM_CONTROL_ACPI_DISABLE) {
                            control &= ~PMCNTRL_SCI_ENABLE;
                        }
                        update();
                    }
                    case APM_STATUS -> apmStatus = value;
                    default -> {}
                }
            }
        };
    }

    /**
     * The person presses the power button for a moment.
     *
     * @return whether the guest has asked to be told, so that it may be expected to shut down
     */
    public boolean pressPowerButton() {
        status |= PM1_POWER_BUTTON;
        update();
        return (control & PMCNTRL_SCI_ENABLE) != 0 && (enable & PM1_POWER_BUTTON) != 0;
    }

    /** Raises general purpose event {@code number}, 0 to 15. */
    public void raiseEvent(int number) {
        gpeStatus |= 1 << number & 0xFFFF;
        update();
    }

    private static int replaceByte(int register, int index, int value) {
        return register & ~(0xFF << 8 * index) | value << 8 * index;
    }

    private long ticks() {
        return TickRate.POWER_MANAGEMENT.ticksAt(clock.nanoTime());
    }

    /** Sets the timer's status bit if its time has come, and drives the interrupt to match. */
    private void update() {
        long ticks = ticks();
        if (ticks >= timerFlip) {
            status |= PM1_TIMER;
            timerFlip = (ticks / TIMER_HALF + 1) * TIMER_HALF;
        }
        drive();
    }

    /** Drives the system control interrupt, and sets the alarm for the timer's next change if the guest waits for it. */
    private void drive() {
        boolean event = (status & enable) != 0 || (gpeStatus & gpeEnable) != 0;
        sci.set(event && (control & PMCNTRL_SCI_ENABLE) != 0);
        if ((enable & PM1_TIMER) != 0 && (status & PM1_TIMER) == 0) {
            timer.schedule(TickRate.POWER_MANAGEMENT.nanosAt(timerFlip));
        } else {
            timer.cancel();
        }
    }

    /** The block that {@link #PMBASE} places. */
    private final class PowerRegisters implements RegisterWindow {
        @Override
        public long read(long offset, int size) {
            update();
            int timerValue = (int) ticks() & TIMER_MASK;
            long value = 0;
            for (int i = 0; i < size; i++) {
                value |= (long) byteAt((int) offset + i, timerValue) << 8 * i;
            }
            return value;
        }

        private int byteAt(int offset, int timerValue) {
            int register =
                    switch (offset) {
                        case PMSTS, PMSTS + 1 -> status;
                        case PMEN, PMEN + 1 -> enable;
                        case PMCNTRL, PMCNTRL + 1 -> control;
                        case PMTMR, PMTMR + 1 -> timerValue;
                        case PMTMR + 2, PMTMR + 3 -> timerValue >> 16;
                        default -> 0;
                    };
            return register >> 8 * (offset & 1) & 0xFF;
        }

        @Override
        public void write(long offset, int size, long value) {
            update();
            for (int i = 0; i < size; i++) {
                writeByte((int) offset + i, (int) (value >>> 8 * i) & 0xFF);
            }
            update();
        }

        private void writeByte(int offset, int value) {
            switch (offset) {
                case PMSTS, PMSTS + 1 -> status &= ~(value << 8 * (offset - PMSTS) & PMSTS_CLEARABLE);
                case PMEN, PMEN + 1 -> enable = replaceByte(enable, offset - PMEN, value) & PMEN_WRITABLE;
                case PMCNTRL -> control = replaceByte(control, 0, value) & PMCNTRL_WRITABLE;
                case PMCNTRL + 1 -> {
                    control = replaceByte(control, 1, value) & PMCNTRL_WRITABLE;
                    if ((value << 8 & PMCNTRL_SLEEP_ENABLE) != 0) {
                        sleep();
                    }
                }
                default -> {}
            }
        }

        private void sleep() {
            int type = control & PMCNTRL_SLEEP_TYPE;
            if (type == SLEEP_TYPE_SOFT_OFF || type == SLEEP_TYPE_HIBERNATE) {
                system.requestPowerOff();
            }
        }
    }

    @Override
    public void reset() {
        resetPci();
        status = 0;
        enable = 0;
        control = 0;
        timerFlip = (ticks() / TIMER_HALF + 1) * TIMER_HALF;
        gpeStatus = 0;
        gpeEnable = 0;
        apmControl = 0;
        apmStatus = 0;
        smbus.reset();
        update();
    }

    @Override
    public State save() {
        return new State(
                savePci(),
                status,
                enable,
                control,
                timerFlip,
                gpeStatus,
                gpeEnable,
                apmControl,
                apmStatus,
                smbus.save());
    }

    @Override
    public void restore(State state) {
        checkPci(state.pci);
        StateCheck.bits("status", state.status, PMSTS_CLEARABLE);
        StateCheck.bits("enable", state.enable, PMEN_WRITABLE);
        StateCheck.bits("control", state.control, PMCNTRL_WRITABLE);
        StateCheck.time("timerFlip", state.timerFlip);
        StateCheck.range("timerFlip", state.timerFlip, 0, Long.MAX_VALUE);
        StateCheck.bits("gpeStatus", state.gpeStatus, 0xFFFF);
        StateCheck.bits("gpeEnable", state.gpeEnable, 0xFFFF);
        StateCheck.bits("apmControl", state.apmControl, 0xFF);
        StateCheck.bits("apmStatus", state.apmStatus, 0xFF);
        SmbusHost.check(state.smbus);
        restorePci(state.pci);
        status = state.status;
        enable = state.enable;
        control = state.control;
        timerFlip = state.timerFlip;
        gpeStatus = state.gpeStatus;
        gpeEnable = state.gpeEnable;
        apmControl = state.apmControl;
        apmStatus = state.apmStatus;
        smbus.restore(state.smbus);
        drive();
    }
}
