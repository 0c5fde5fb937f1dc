// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.wizards;

import dev.terrarium.engine.Host;
import dev.terrarium.engine.MediaInfo;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.VirtualMachine;
import dev.terrarium.engine.config.CpuModel;
import dev.terrarium.engine.config.GuestSystem;
import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.config.MachineConfig.Accelerator;
import dev.terrarium.engine.config.MachineConfig.BootDevice;
import dev.terrarium.engine.config.MachineConfig.DriveConfig;
import dev.terrarium.engine.config.MachineConfig.KernelBoot;
import dev.terrarium.engine.config.MachineConfig.NetworkConfig;
import dev.terrarium.engine.config.MachineRules;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import javafx.beans.binding.Bindings;
import javafx.beans.binding.BooleanBinding;
import javafx.beans.property.BooleanProperty;
import javafx.beans.property.ObjectProperty;
import javafx.beans.property.SimpleBooleanProperty;
import javafx.beans.property.SimpleObjectProperty;
import javafx.beans.property.SimpleStringProperty;
import javafx.beans.property.StringProperty;

/**
 * The state of the new-machine wizard: what was typed, what is wrong with it, what is proposed. A problem is a
 * sentence, or empty. A proposal gives way to whatever the person typed, and follows the media until then.
 */
final class NewMachineViewModel {
    /** The wizard's steps, in order. */
    enum Step {
        MEDIA("Media", "What should it start from?"),
        MACHINE("Machine", "Name, memory and processors"),
        DISK("Disk", "Where the guest keeps its files"),
        SUMMARY("Summary", "Ready to create");

        private final String title;
        private final String question;

        Step(String title, String question) {
            this.title = title;
            this.question = question;
        }

        String title() {
            return title;
        }

        String question() {
            return question;
        }
    }

    /** A line of the summary. */
    record Fact(String name, String value) {}

    private static final String NO_NUMBER = "Write a whole number";

    private final Host host;
    private final Executor background;
    private final Executor window;

    final ObjectProperty<Step> step = new SimpleObjectProperty<>(Step.MEDIA);
    final ObjectProperty<MediaChoice> choice = new SimpleObjectProperty<>(MediaChoice.CD);
    final StringProperty mediaPath = new SimpleStringProperty("");
    final ObjectProperty<Optional<MediaInfo>> media = new SimpleObjectProperty<>(Optional.empty());
    final StringProperty mediaProblem = new SimpleStringProperty("");
    final BooleanProperty inspecting = new SimpleBooleanProperty();
    final StringProperty initrdPath = new SimpleStringProperty("");
    final StringProperty initrdProblem = new SimpleStringProperty("");
    final StringProperty commandLine = new SimpleStringProperty("");

    final ObjectProperty<Optional<HostFacts>> facts = new SimpleObjectProperty<>(Optional.empty());
    final ObjectProperty<GuestSystem> system = new SimpleObjectProperty<>(GuestSystem.OTHER);
    final StringProperty name = new SimpleStringProperty("");
    final StringProperty nameProblem = new SimpleStringProperty("");
    final StringProperty memory = new SimpleStringProperty("");
    final StringProperty memoryProblem = new SimpleStringProperty("");
    final StringProperty vcpus = new SimpleStringProperty("");
    final StringProperty vcpusProblem = new SimpleStringProperty("");

    final BooleanProperty newDisk = new SimpleBooleanProperty(true);
    final StringProperty diskSize = new SimpleStringProperty("");
    final StringProperty diskProblem = new SimpleStringProperty("");

    final ObjectProperty<CpuModel> cpu = new SimpleObjectProperty<>(CpuModel.BEST);
    final ObjectProperty<Accelerator> accelerator = new SimpleObjectProperty<>(Accelerator.AUTO);
    final ObjectProperty<List<BootDevice>> bootOrder =
            new SimpleObjectProperty<>(List.of(BootDevice.DISK, BootDevice.CDROM));
    final ObjectProperty<NetworkConfig.Kind> network = new SimpleObjectProperty<>(NetworkConfig.Kind.NAT);
    final BooleanProperty startNow = new SimpleBooleanProperty(true);
    final BooleanProperty creating = new SimpleBooleanProperty();
    final StringProperty creationProblem = new SimpleStringProperty("");

    private final BooleanBinding mediaComplete;
    private final BooleanBinding machineComplete;
    private final BooleanBinding diskComplete;
    private int mediaQuestion;
    private int initrdQuestion;
    private boolean followMediaKind;
    private GuestSystem proposedSystem = GuestSystem.OTHER;
    private String proposedName = "";
    private String proposedMemory = "";
    private NetworkConfig.Kind proposedNetwork = NetworkConfig.Kind.NAT;
    private String proposedVcpus = "";
    private String proposedDisk = "";
    private boolean proposedNewDisk = true;

    /**
     * @param background runs what touches files
     * @param window runs what touches properties
     */
    NewMachineViewModel(Host host, Executor background, Executor window) {
        this.host = host;
        this.background = background;
        this.window = window;
        mediaComplete = Bindings.createBooleanBinding(
                () -> choice.get() == MediaChoice.NOTHING
                        || media.get().isPresent()
                                && mediaProblem.get().isEmpty()
                                && !inspecting.get()
                                && initrdProblem.get().isEmpty(),
                choice,
                media,
                mediaProblem,
                inspecting,
                initrdProblem);
        machineComplete = Bindings.createBooleanBinding(
                () -> facts.get().isPresent()
                        && nameProblem.get().isEmpty()
                        && memoryProblem.get().isEmpty()
                        && vcpusProblem.get().isEmpty(),
                facts,
                nameProblem,
                memoryProblem,
                vcpusProblem);
        diskComplete = Bindings.createBooleanBinding(
                () -> !newDisk.get() || diskProblem.get().isEmpty(), newDisk, diskProblem);
        choice.addListener((property, old, now) -> lookAtMedia());
        mediaPath.addListener((property, old, now) -> lookAtMedia());
        initrdPath.addListener((property, old, now) -> lookAtInitrd());
        system.addListener((property, old, now) -> proposeResources());
        name.addListener((property, old, now) -> checkMachine());
        memory.addListener((property, old, now) -> checkMachine());
        vcpus.addListener((property, old, now) -> checkMachine());
        diskSize.addListener((property, old, now) -> checkDisk());
        propose();
        background.execute(() -> {
            HostFacts read = HostFacts.read(host);
            window.execute(() -> {
                facts.set(Optional.of(read));
                lookAtMedia();
                propose();
            });
        });
    }

    /** Begins with a file, such as one dropped on the window; its kind decides the choice. */
    void beginWith(Path file) {
        followMediaKind = true;
        mediaPath.set(file.toString());
    }

    BooleanBinding complete(Step which) {
        return switch (which) {
            case MEDIA -> mediaComplete;
            case MACHINE -> machineComplete;
            case DISK -> diskComplete;
            case SUMMARY -> mediaComplete.and(machineComplete).and(diskComplete).and(creating.not());
        };
    }

    /** May the person leave this step forwards? */
    BooleanBinding canGoOn() {
        BooleanBinding summary = complete(Step.SUMMARY);
        return Bindings.createBooleanBinding(
                () -> switch (step.get()) {
                    case MEDIA -> mediaComplete.get();
                    case MACHINE -> machineComplete.get();
                    case DISK -> diskComplete.get();
                    case SUMMARY -> summary.get();
                },
                step,
                mediaComplete,
                machineComplete,
                diskComplete,
                summary);
    }

    void next() {
        step.set(Step.values()[Math.min(step.get().ordinal() + 1, Step.SUMMARY.ordinal())]);
    }

    void back() {
        step.set(Step.values()[Math.max(step.get().ordinal() - 1, 0)]);
    }

    private void lookAtMedia() {
        int question = ++mediaQuestion;
        media.set(Optional.empty());
        mediaProblem.set("");
        inspecting.set(false);
        if (choice.get() != MediaChoice.KERNEL) {
            initrdProblem.set("");
        } else {
            lookAtInitrd();
        }
        if (choice.get() == MediaChoice.NOTHING || mediaPath.get().isBlank()) {
            propose();
            return;
        }
        Optional<Path> path = Texts.path(mediaPath.get());
        if (path.isEmpty()) {
            mediaProblem.set("This is no path: check its characters");
            return;
        }
        inspecting.set(true);
        background.execute(() -> {
            try {
                MediaInfo info = host.inspect(path.get());
                window.execute(() -> answered(question, path.get(), info));
            } catch (TerrariumException e) {
                window.execute(() -> refused(question, e.getMessage()));
            }
        });
    }

    private void answered(int question, Path path, MediaInfo info) {
        if (question != mediaQuestion) {
            return;
        }
        if (followMediaKind && !choice.get().takes(info.kind())) {
            choice.set(MediaChoice.of(info.kind()));
            return;
        }
        followMediaKind = false;
        inspecting.set(false);
        MediaChoice wanted = MediaChoice.of(info.kind());
        Optional<String> owner = facts.get().flatMap(known -> known.ownerOf(path));
        if (wanted != choice.get()) {
            mediaProblem.set(
                    "This is a " + kindName(info.kind()) + ": choose \u201c" + wanted.title() + "\u201d above");
        } else if (choice.get() == MediaChoice.DISK && owner.isPresent()) {
            mediaProblem.set("This is a disk of \u201c" + owner.get()
                    + "\u201d: two machines must not write to one disk, choose a copy");
        } else {
            media.set(Optional.of(info));
        }
        propose();
    }

    private static String kindName(MediaInfo.Kind kind) {
        return switch (kind) {
            case CD_IMAGE -> "CD image";
            case DISK_IMAGE -> "disk image";
            case LINUX_KERNEL -> "Linux kernel";
            case MULTIBOOT_KERNEL -> "multiboot kernel";
        };
    }

    private void refused(int question, String reason) {
        if (question == mediaQuestion) {
            followMediaKind = false;
            inspecting.set(false);
            mediaProblem.set(Texts.sentence(reason));
        }
    }

    private void lookAtInitrd() {
        int question = ++initrdQuestion;
        initrdProblem.set("");
        if (initrdPath.get().isBlank()) {
            return;
        }
        Optional<Path> path = Texts.path(initrdPath.get());
        background.execute(() -> {
            boolean readable = path.isPresent() && Files.isRegularFile(path.get()) && Files.isReadable(path.get());
            window.execute(() -> {
                if (question == initrdQuestion && !readable) {
                    initrdProblem.set("There is no readable file here: check the path, or leave it empty");
                }
            });
        });
    }

    /** Brings every proposal that nobody has changed in line with the media. */
    private void propose() {
        GuestSystem detected =
                media.get().map(info -> GuestSystem.of(info.operatingSystem())).orElse(GuestSystem.OTHER);
        if (system.get().equals(proposedSystem)) {
            proposedSystem = detected;
            system.set(detected);
        }
        if (name.get().isEmpty() || name.get().equals(proposedName)) {
            proposedName = proposedName(detected);
            name.set(proposedName);
        }
        proposeResources();
        checkMachine();
    }

    private void proposeResources() {
        GuestSystem guest = system.get();
        if (memory.get().isEmpty() || memory.get().equals(proposedMemory)) {
            long most = facts.get()
                    .map(known -> known.capabilities().memoryBytes() >> 20)
                    .orElse(guest.memoryMiB());
            proposedMemory = Long.toString(Math.min(guest.memoryMiB(), most));
            memory.set(proposedMemory);
        }
        if (network.get() == proposedNetwork) {
            proposedNetwork = guest.virtio() ? NetworkConfig.Kind.NAT : NetworkConfig.Kind.NONE;
            network.set(proposedNetwork);
        }
        if (vcpus.get().isEmpty() || vcpus.get().equals(proposedVcpus)) {
            proposedVcpus = Integer.toString(Math.min(guest.vcpus(), MachineRules.MAXIMUM_VCPUS));
            vcpus.set(proposedVcpus);
        }
        if (diskSize.get().isEmpty() || diskSize.get().equals(proposedDisk)) {
            proposedDisk = Long.toString(
                    guest.diskGibibytes() == 0 ? GuestSystem.OTHER.diskGibibytes() : guest.diskGibibytes());
            diskSize.set(proposedDisk);
        }
        if (newDisk.get() == proposedNewDisk) {
            proposedNewDisk = guest.diskGibibytes() > 0
                    && (choice.get() == MediaChoice.CD || choice.get() == MediaChoice.NOTHING);
            newDisk.set(proposedNewDisk);
        }
    }

    private String proposedName(GuestSystem detected) {
        String base = detected.equals(GuestSystem.OTHER) ? fileStem() : detected.id();
        if (facts.get().isEmpty()) {
            return base;
        }
        String candidate = base;
        for (int number = 2; facts.get().get().taken(candidate, host.home()); number++) {
            candidate = base + "-" + number;
        }
        return candidate;
    }

    private String fileStem() {
        if (media.get().isEmpty()) {
            return "machine";
        }
        String file = Texts.path(mediaPath.get())
                .map(path -> path.getFileName().toString())
                .orElse("");
        String stem = file.replaceFirst("\\.[A-Za-z0-9]{1,5}$", "")
                .replaceAll("[^\\p{L}\\p{N}._+-]+", "-")
                .replaceFirst("^[^\\p{L}\\p{N}]+", "")
                .replaceFirst("[-. ]+$", "");
        return MachineRules.nameProblem(stem).isPresent() ? "machine" : stem;
    }

    private void checkMachine() {
        Optional<String> problem = MachineRules.nameProblem(name.get());
        if (problem.isEmpty() && facts.get().isPresent() && facts.get().get().taken(name.get(), host.home())) {
            problem = Optional.of("a machine named \u201c" + name.get() + "\u201d exists: choose another name");
        }
        nameProblem.set(Texts.sentence(problem.orElse("")));
        long hostMemory =
                facts.get().map(known -> known.capabilities().memoryBytes()).orElse(Long.MAX_VALUE);
        checkNumber(memory, memoryProblem, mebibytes -> MachineRules.memoryProblem(mebibytes, hostMemory));
        checkNumber(vcpus, vcpusProblem, count -> MachineRules.vcpusProblem((int) Math.min(count, Integer.MAX_VALUE)));
        checkDisk();
    }

    private void checkDisk() {
        checkNumber(diskSize, diskProblem, MachineRules::diskProblem);
    }

    private static void checkNumber(
            StringProperty text, StringProperty problem, java.util.function.LongFunction<Optional<String>> rule) {
        OptionalLong number = Texts.number(text.get());
        problem.set(
                number.isEmpty()
                        ? NO_NUMBER
                        : Texts.sentence(rule.apply(number.getAsLong()).orElse("")));
    }

    /** What the wizard is about to make, for the last step. */
    List<Fact> summary() {
        List<Fact> lines = new ArrayList<>();
        lines.add(new Fact("Name", name.get()));
        lines.add(new Fact("Guest system", system.get().title()));
        lines.add(new Fact(
                "Starts from",
                switch (choice.get()) {
                    case NOTHING -> "Nothing yet";
                    case CD, DISK, KERNEL -> media.get().map(MediaInfo::title).orElse("") + "\n" + mediaPath.get();
                }));
        lines.add(new Fact("Memory", Texts.size(Texts.number(memory.get()).orElse(0) << 20)));
        lines.add(new Fact("vCPUs", vcpus.get()));
        lines.add(new Fact("New disk", newDisk.get() ? diskSize.get() + " GiB, grows as the guest writes" : "None"));
        lines.add(new Fact("Network", Texts.network(network.get())));
        lines.add(new Fact(
                "Kept in", host.home().resolve("machines").resolve(name.get()).toString()));
        return lines;
    }

    /** The configuration as it stands; only of use when every step is complete. */
    MachineConfig configuration() {
        String path = Texts.path(mediaPath.get()).map(Path::toString).orElse("");
        List<DriveConfig> drives = new ArrayList<>();
        KernelBoot kernel = null;
        switch (choice.get()) {
            case CD -> drives.add(drive(DriveConfig.Kind.CDROM, path));
            case DISK -> {
                drives.add(drive(DriveConfig.Kind.DISK, path));
                drives.add(drive(DriveConfig.Kind.CDROM, null));
            }
            case KERNEL ->
                kernel = new KernelBoot(
                        path,
                        Texts.path(initrdPath.get()).map(Path::toString).orElse(null),
                        commandLine.get().strip());
            case NOTHING -> drives.add(drive(DriveConfig.Kind.CDROM, null));
        }
        int processors = (int) Texts.number(vcpus.get()).orElse(1);
        return new MachineConfig(
                MachineConfig.CURRENT_VERSION,
                UUID.randomUUID(),
                name.get(),
                system.get().id(),
                Texts.number(memory.get()).orElse(0),
                processors,
                processors,
                accelerator.get(),
                bootOrder.get(),
                drives,
                kernel,
                network.get() == NetworkConfig.Kind.NONE ? List.of() : List.of(new NetworkConfig(network.get())),
                null,
                null,
                cpu.get());
    }

    private DriveConfig drive(DriveConfig.Kind kind, @org.jspecify.annotations.Nullable String path) {
        boolean cd = kind == DriveConfig.Kind.CDROM;
        return new DriveConfig(
                kind,
                path,
                cd ? DriveConfig.Format.RAW : DriveConfig.Format.AUTO,
                cd ? DriveConfig.Bus.IDE : system.get().diskBus(),
                cd);
    }

    List<Host.NewDisk> newDisks() {
        return newDisk.get()
                ? List.of(new Host.NewDisk(
                        Texts.number(diskSize.get()).orElse(0),
                        DriveConfig.Format.RAW,
                        system.get().diskBus()))
                : List.of();
    }

    /** Makes the machine in the background; a failure becomes {@link #creationProblem}. */
    void create(Consumer<NewMachine> made) {
        if (creating.get()) {
            return;
        }
        creating.set(true);
        creationProblem.set("");
        MachineConfig config = configuration();
        List<Host.NewDisk> disks = newDisks();
        boolean start = startNow.get();
        background.execute(() -> {
            try {
                VirtualMachine machine = host.create(config, disks);
                window.execute(() -> {
                    creating.set(false);
                    made.accept(new NewMachine(machine, start));
                });
            } catch (TerrariumException e) {
                window.execute(() -> {
                    creating.set(false);
                    creationProblem.set(Texts.sentence(e.getMessage()));
                });
            }
        });
    }
}
