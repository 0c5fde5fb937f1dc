// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.storage;

import dev.terrarium.engine.device.Device;
import dev.terrarium.engine.device.InterruptLine;
import dev.terrarium.engine.device.InvalidStateException;
import dev.terrarium.engine.device.RegisterWindow;
import dev.terrarium.engine.device.storage.TaskFile.Register;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One IDE cable with up to two drives: the command block (eight ports) and the control block (ATA/ATAPI-7 volume 2, 6).
 * A drive that is not there reads as zero, so that whoever probes for it gives up at once.
 */
public final class IdeChannel implements Device<IdeChannelState> {
    private static final int DATA = 0;
    private static final int ERROR_FEATURES = 1;
    private static final int SECTOR_COUNT = 2;
    private static final int LBA_LOW = 3;
    private static final int LBA_MID = 4;
    private static final int LBA_HIGH = 5;
    private static final int DEVICE = 6;
    private static final int STATUS_COMMAND = 7;

    private static final int CONTROL_NIEN = 0x02;
    private static final int CONTROL_SRST = 0x04;
    private static final int CONTROL_HOB = 0x80;

    private final String name;
    private final InterruptLine irq;
    private final List<Optional<IdeDrive>> drives;
    private BusMasterIde.@Nullable Engine busMaster;
    private int deviceControl;
    private int selected;

    public IdeChannel(String name, InterruptLine irq, Optional<IdeDrive> drive0, Optional<IdeDrive> drive1) {
        this.name = name;
        this.irq = irq;
        this.drives = List.of(drive0, drive1);
        drives.forEach(drive -> drive.ifPresent(d -> d.attach(this)));
    }

    /** The drives: master, then slave. */
    public List<Optional<IdeDrive>> drives() {
        return drives;
    }

    void connect(BusMasterIde.Engine engine) {
        busMaster = engine;
    }

    boolean inReset() {
        return (deviceControl & CONTROL_SRST) != 0;
    }

    private Optional<IdeDrive> current() {
        return drives.get(selected);
    }

    void interruptChanged(IdeDrive drive) {
        if (current().filter(d -> d == drive).isPresent()) {
            updateInterrupt();
        }
    }

    private boolean interruptAsserted() {
        return (deviceControl & CONTROL_NIEN) == 0
                && current().map(IdeDrive::interrupt).orElse(false);
    }

    private void updateInterrupt() {
        boolean asserted = interruptAsserted();
        if (busMaster != null) {
            busMaster.interrupt(asserted);
        }
        irq.set(asserted);
    }

    void serviceDma(IdeDrive drive) {
        if (busMaster != null && busMaster.started()) {
            drive.moveDma(busMaster);
        }
    }

    void endDma() {
        if (busMaster != null) {
            busMaster.finished();
        }
    }

    /** The bus master was started: a drive may be waiting for it. */
    void busMasterStarted() {
        current().filter(IdeDrive::wantsDma).ifPresent(this::serviceDma);
    }

    /** The eight ports of the command block: 0x1F0 or 0x170. */
    public RegisterWindow commandBlock() {
        return new RegisterWindow() {
            @Override
            public long read(long offset, int size) {
                if (offset == DATA) {
                    return current()
                                    .map(drive -> drive.readData(Math.min(size, 4)))
                                    .orElse(0)
                            & 0xFFFF_FFFFL;
                }
                return size == 1 ? readRegister((int) offset) : -1L;
            }

            @Override
            public void write(long offset, int size, long value) {
                if (offset == DATA) {
                    Optional<IdeDrive> drive = current();
                    if (drive.isPresent()) {
                        drive.get().writeData(Math.min(size, 4), (int) value);
                    }
                } else if (size == 1) {
                    writeRegister((int) offset, (int) value & 0xFF);
                }
            }
        };
    }

    /** The control block's one port: 0x3F6 or 0x376, Alternate Status when read, Device Control when written. */
    public RegisterWindow controlBlock() {
        return new RegisterWindow() {
            @Override
            public long read(long offset, int size) {
                return offset == 0 && size == 1
                        ? current().map(IdeDrive::status).orElse(0)
                        : -1L;
            }

            @Override
            public void write(long offset, int size, long value) {
                if (offset == 0 && size == 1) {
                    writeDeviceControl((int) value & 0xFF);
                }
            }
        };
    }

    private int readRegister(int offset) {
        if (drives.stream().allMatch(Optional::isEmpty)) {
            return 0;
        }
        if (offset == DEVICE) {
            return 0xA0
                    | selected << 4
                    | current().map(d -> d.taskFile.device()).orElse(0);
        }
        if (current().isEmpty()) {
            return 0;
        }
        IdeDrive drive = current().get();
        return switch (offset) {
            case ERROR_FEATURES -> drive.taskFile.error();
            case SECTOR_COUNT -> read(drive, Register.COUNT);
            case LBA_LOW -> read(drive, Register.LBA_LOW);
            case LBA_MID -> read(drive, Register.LBA_MID);
            case LBA_HIGH -> read(drive, Register.LBA_HIGH);
            case STATUS_COMMAND -> {
                int status = drive.status();
                drive.acknowledge();
                yield status;
            }
            default -> 0xFF;
        };
    }

    private int read(IdeDrive drive, Register register) {
        return (deviceControl & CONTROL_HOB) != 0 ? drive.taskFile.previous(register) : drive.taskFile.get(register);
    }

    private void writeRegister(int offset, int value) {
        // Any write to the command block turns HOB off (ATA/ATAPI-7 volume 2, 6.20).
        deviceControl &= ~CONTROL_HOB;
        switch (offset) {
            case ERROR_FEATURES -> writeBoth(Register.FEATURES, value);
            case SECTOR_COUNT -> writeBoth(Register.COUNT, value);
            case LBA_LOW -> writeBoth(Register.LBA_LOW, value);
            case LBA_MID -> writeBoth(Register.LBA_MID, value);
            case LBA_HIGH -> writeBoth(Register.LBA_HIGH, value);
            case DEVICE -> {
                forBoth(drive -> drive.taskFile.setDevice(value));
                selected = (value & TaskFile.DEVICE_DEV) >> 4;
                updateInterrupt();
            }
            case STATUS_COMMAND -> command(value);
            default -> {}
        }
    }

    private void writeBoth(Register register, int value) {
        forBoth(drive -> {
            if (!drive.busy()) {
                drive.taskFile.write(register, value);
            }
        });
    }

    private void forBoth(java.util.function.Consumer<IdeDrive> action) {
        drives.forEach(drive -> drive.ifPresent(action));
    }

    private void command(int code) {
        if (inReset()) {
            return;
        }
        if (code == AtaCommand.EXECUTE_DEVICE_DIAGNOSTIC.code()) {
            diagnose();
            return;
        }
        Optional<IdeDrive> drive = current();
        boolean reset = code == AtaCommand.DEVICE_RESET.code();
        if (drive.isEmpty() || drive.get().busy() && !(reset && drive.get().kind() == DriveState.Kind.CDROM)) {
            return;
        }
        drive.get().acknowledge();
        drive.get().command(code);
    }

    private void diagnose() {
        if (drives.stream().anyMatch(drive -> drive.filter(IdeDrive::busy).isPresent())) {
            return;
        }
        selected = 0;
        forBoth(drive -> {
            drive.beginReset(false);
            drive.taskFile.setDevice(0);
            drive.endReset();
        });
        current().ifPresent(IdeDrive::raiseInterrupt);
    }

    private void writeDeviceControl(int value) {
        boolean wasInReset = inReset();
        deviceControl = value & (CONTROL_HOB | CONTROL_SRST | CONTROL_NIEN);
        if (!wasInReset && inReset()) {
            forBoth(drive -> drive.beginReset(false));
            if (busMaster != null) {
                busMaster.finished();
            }
        } else if (wasInReset && !inReset()) {
            selected = 0;
            forBoth(drive -> {
                drive.taskFile.setDevice(0);
                drive.endReset();
            });
        }
        updateInterrupt();
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public void reset() {
        deviceControl = 0;
        selected = 0;
        forBoth(drive -> {
            drive.taskFile.restore(DriveState.none().taskFile());
            drive.beginReset(true);
            drive.endReset();
        });
        updateInterrupt();
    }

    @Override
    public IdeChannelState save() {
        return new IdeChannelState(deviceControl, selected, save(0), save(1));
    }

    private DriveState save(int number) {
        return drives.get(number).map(IdeDrive::save).orElseGet(DriveState::none);
    }

    /** Requires that this channel can be in {@code state}, without changing anything. */
    void check(IdeChannelState state) {
        InvalidStateException.require(
                (state.deviceControl() & ~(CONTROL_HOB | CONTROL_SRST | CONTROL_NIEN)) == 0
                        && (state.selected() & ~1) == 0,
                "IDE channel registers");
        validate(0, state.drive0());
        validate(1, state.drive1());
    }

    @Override
    public void restore(IdeChannelState state) {
        check(state);
        deviceControl = state.deviceControl();
        selected = state.selected();
        drives.get(0).ifPresent(drive -> drive.restore(state.drive0()));
        drives.get(1).ifPresent(drive -> drive.restore(state.drive1()));
        if (busMaster != null) {
            busMaster.setInterruptLevel(interruptAsserted());
        }
        irq.set(interruptAsserted());
    }

    private void validate(int number, DriveState state) {
        if (drives.get(number).isPresent()) {
            drives.get(number).get().validate(state);
        } else {
            InvalidStateException.require(state.kind() == DriveState.Kind.NONE, "a drive where there is none");
        }
    }
}
