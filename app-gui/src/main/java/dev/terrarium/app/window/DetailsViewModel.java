// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import dev.terrarium.engine.Host;
import dev.terrarium.engine.MediaInfo;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.config.MachineConfig.BootDevice;
import dev.terrarium.engine.config.MachineConfig.DriveConfig;
import dev.terrarium.engine.config.MachineRules;
import java.io.File;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executor;
import javafx.beans.binding.Bindings;
import javafx.beans.binding.BooleanBinding;
import javafx.beans.property.BooleanProperty;
import javafx.beans.property.ObjectProperty;
import javafx.beans.property.SimpleBooleanProperty;
import javafx.beans.property.SimpleObjectProperty;
import javafx.beans.property.SimpleStringProperty;
import javafx.beans.property.StringProperty;

/** What may be changed about a machine that is off, as typed, and what is wrong with it. */
final class DetailsViewModel {
    private final Host host;
    private final Executor background;
    private final Executor window;
    private final ObjectProperty<MachineConfig> config;
    private long hostMemory = Long.MAX_VALUE;
    private int cdQuestion;

    final StringProperty memory = new SimpleStringProperty("");
    final StringProperty memoryProblem = new SimpleStringProperty("");
    /** Path of the CD image; empty for an empty drive. */
    final StringProperty cd = new SimpleStringProperty("");

    final StringProperty cdProblem = new SimpleStringProperty("");
    final StringProperty cdTitle = new SimpleStringProperty("");
    final ObjectProperty<List<BootDevice>> bootOrder = new SimpleObjectProperty<>(List.of());
    final BooleanProperty inspecting = new SimpleBooleanProperty();

    private final BooleanBinding changed;
    private final BooleanBinding valid;

    /** Two lines on a disk: its file, then what is in it. The size is the file's, which in most formats is not the disk's. */
    static String describe(DriveConfig drive) {
        String path = Objects.requireNonNullElse(drive.path(), "");
        File file = new File(path);
        boolean raw = drive.format() == DriveConfig.Format.RAW;
        String size = file.exists() ? Words.size(file.length()) + (raw ? "" : " on the host") : "Missing";
        String format = drive.format().imageFormat();
        return path + "\n" + size + (format.isEmpty() ? "" : ", " + format)
                + (drive.bus() == DriveConfig.Bus.VIRTIO ? ", virtio" : ", IDE")
                + (drive.readOnly() ? ", read only" : "");
    }

    DetailsViewModel(Host host, Executor background, Executor window, MachineConfig first) {
        this.host = host;
        this.background = background;
        this.window = window;
        config = new SimpleObjectProperty<>(first);
        changed = Bindings.createBooleanBinding(
                () -> !memory.get().strip().equals(Long.toString(config.get().memoryMiB()))
                        || !cd.get().strip().equals(cdPath(config.get()))
                        || !bootOrder.get().equals(config.get().bootOrder()),
                memory,
                cd,
                bootOrder,
                config);
        valid = Bindings.createBooleanBinding(
                () -> memoryProblem.get().isEmpty() && cdProblem.get().isEmpty() && !inspecting.get(),
                memoryProblem,
                cdProblem,
                inspecting);
        memory.subscribe(text -> checkMemory());
        cd.subscribe(text -> lookAtCd());
        revert();
    }

    /** The machine's configuration is now this one; what was typed gives way to it. */
    void setConfig(MachineConfig current) {
        if (!current.equals(config.get())) {
            config.set(current);
            revert();
        }
    }

    void setHostMemory(long bytes) {
        hostMemory = bytes;
        checkMemory();
    }

    /** Forgets what was typed. */
    void revert() {
        memory.set(Long.toString(config.get().memoryMiB()));
        cd.set(cdPath(config.get()));
        bootOrder.set(config.get().bootOrder());
    }

    BooleanBinding changed() {
        return changed;
    }

    BooleanBinding canApply() {
        return changed.and(valid);
    }

    private static String cdPath(MachineConfig config) {
        return config.disks().stream()
                .filter(drive -> drive.kind() == DriveConfig.Kind.CDROM)
                .findFirst()
                .map(drive -> drive.path() == null ? "" : drive.path())
                .orElse("");
    }

    private void checkMemory() {
        String text = memory.get().strip();
        memoryProblem.set(
                text.matches("[0-9]{1,12}")
                        ? Words.sentence(MachineRules.memoryProblem(Long.parseLong(text), hostMemory)
                                .orElse(""))
                        : "Write a whole number");
    }

    private void lookAtCd() {
        int question = ++cdQuestion;
        String text = cd.get().strip();
        cdProblem.set("");
        cdTitle.set("");
        inspecting.set(!text.isEmpty());
        if (text.isEmpty()) {
            return;
        }
        background.execute(() -> {
            String title = "";
            String problem = "";
            try {
                MediaInfo info = host.inspect(Path.of(text).toAbsolutePath());
                title = info.title();
                if (info.kind() != MediaInfo.Kind.CD_IMAGE) {
                    problem = "This is no CD image: choose an ISO file";
                }
            } catch (TerrariumException e) {
                problem = Words.sentence(Objects.requireNonNullElse(e.getMessage(), "the file cannot be read"));
            } catch (InvalidPathException e) {
                problem = "This is no path: check its characters";
            }
            String found = title;
            String wrong = problem;
            window.execute(() -> {
                if (question == cdQuestion) {
                    inspecting.set(false);
                    cdTitle.set(found);
                    cdProblem.set(wrong);
                }
            });
        });
    }

    /** The configuration with what was typed. */
    MachineConfig changedConfig() {
        MachineConfig now = config.get();
        String path = cd.get().strip();
        List<DriveConfig> drives = new ArrayList<>();
        boolean placed = false;
        for (DriveConfig drive : now.disks()) {
            if (drive.kind() == DriveConfig.Kind.CDROM && !placed) {
                drives.add(cdDrive(path));
                placed = true;
            } else {
                drives.add(drive);
            }
        }
        if (!placed && !path.isEmpty()) {
            drives.add(cdDrive(path));
        }
        return new MachineConfig(
                now.version(),
                now.id(),
                now.name(),
                now.operatingSystem(),
                Long.parseLong(memory.get().strip()),
                now.vcpus(),
                now.maximumVcpus(),
                now.accelerator(),
                bootOrder.get(),
                drives,
                now.kernel(),
                now.networks(),
                now.debugConsole(),
                now.debugExitPort(),
                now.cpu());
    }

    private static DriveConfig cdDrive(String path) {
        return new DriveConfig(
                DriveConfig.Kind.CDROM,
                path.isEmpty() ? null : Path.of(path).toAbsolutePath().toString(),
                DriveConfig.Format.RAW,
                DriveConfig.Bus.IDE,
                true);
    }
}
