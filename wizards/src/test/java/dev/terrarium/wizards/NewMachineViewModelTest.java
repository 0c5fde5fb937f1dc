// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.wizards;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.Engine;
import dev.terrarium.engine.Host;
import dev.terrarium.engine.config.GuestSystem;
import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.config.MachineConfig.BootDevice;
import dev.terrarium.engine.config.MachineConfig.DriveConfig;
import dev.terrarium.engine.config.MachineRules;
import dev.terrarium.wizards.NewMachineViewModel.Step;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The wizard's rules, over a real host and without a screen. */
class NewMachineViewModelTest {
    @TempDir
    Path folder;

    private final Queue<Runnable> pending = new ArrayDeque<>();
    private Host host;
    private NewMachineViewModel model;

    @BeforeEach
    void open() throws Exception {
        host = Engine.open(folder.resolve("home"));
        model = fresh();
    }

    @AfterEach
    void close() {
        host.close();
    }

    private NewMachineViewModel fresh() {
        return new NewMachineViewModel(host, Runnable::run, Runnable::run);
    }

    private Path debian() throws Exception {
        return TestMedia.iso(folder.resolve("netinst.iso"), "Debian 12.5.0 amd64 n");
    }

    @Test
    void aDebianCdNeedsOnlyNext() throws Exception {
        model.mediaPath.set(debian().toString());
        for (Step step : Step.values()) {
            assertThat(model.step.get()).isEqualTo(step);
            assertThat(model.canGoOn().get()).as("%s is complete", step).isTrue();
            model.next();
        }
        List<NewMachine> made = new ArrayList<>();
        model.create(made::add);
        assertThat(model.creationProblem.get()).isEmpty();
        assertThat(made).hasSize(1);
        assertThat(made.getFirst().start()).isTrue();
        MachineConfig config =
                host.find(made.getFirst().machine().name()).orElseThrow().config();
        GuestSystem system = GuestSystem.of(config.operatingSystem());
        assertThat(system.title()).startsWith("Debian");
        assertThat(config.memoryMiB()).isEqualTo(system.memoryMiB());
        assertThat(config.bootOrder()).containsExactly(BootDevice.DISK, BootDevice.CDROM);
        assertThat(config.disks())
                .extracting(DriveConfig::kind)
                .containsExactlyInAnyOrder(DriveConfig.Kind.DISK, DriveConfig.Kind.CDROM);
        Path disk = Path.of(config.disks().stream()
                .filter(drive -> drive.kind() == DriveConfig.Kind.DISK)
                .findFirst()
                .orElseThrow()
                .path());
        assertThat(Files.size(disk)).isEqualTo(system.diskGibibytes() << 30);
    }

    @Test
    void aSecondMachineGetsANameOfItsOwn() throws Exception {
        model.mediaPath.set(debian().toString());
        String first = model.name.get();
        model.newDisk.set(false);
        model.create(made -> {});
        NewMachineViewModel second = fresh();
        second.mediaPath.set(debian().toString());
        assertThat(second.name.get()).isEqualTo(first + "-2");
        second.name.set(first);
        assertThat(second.nameProblem.get()).contains("exists");
        assertThat(second.complete(Step.MACHINE).get()).isFalse();
    }

    @Test
    void whatWasTypedIsNotOverwrittenByProposals() throws Exception {
        model.name.set("mine");
        model.memory.set("777");
        model.mediaPath.set(debian().toString());
        assertThat(model.name.get()).isEqualTo("mine");
        assertThat(model.memory.get()).isEqualTo("777");
    }

    @Test
    void everyFieldSaysWhatIsWrongWithIt() throws Exception {
        model.name.set("a/b");
        assertThat(model.nameProblem.get()).contains("cannot be a folder name");
        model.memory.set("8");
        assertThat(model.memoryProblem.get()).contains("too little");
        model.memory.set("99999999");
        assertThat(model.memoryProblem.get()).contains("more than this computer has");
        model.memory.set("many");
        assertThat(model.memoryProblem.get()).contains("whole number");
        model.vcpus.set(Integer.toString(MachineRules.MAXIMUM_VCPUS + 1));
        assertThat(model.vcpusProblem.get()).isNotEmpty();
        model.diskSize.set("0");
        assertThat(model.diskProblem.get()).contains("choose from 1");
        assertThat(model.complete(Step.DISK).get()).isFalse();
        model.newDisk.set(false);
        assertThat(model.complete(Step.DISK).get()).isTrue();
        model.mediaPath.set(folder.resolve("nowhere.iso").toString());
        assertThat(model.mediaProblem.get()).contains("does not exist");
        Path wrong = Files.write(folder.resolve("wrong.iso"), new byte[40_000]);
        model.mediaPath.set(wrong.toString());
        assertThat(model.mediaProblem.get()).contains("not a CD image");
        assertThat(model.complete(Step.MEDIA).get()).isFalse();
    }

    @Test
    void aFileOfAnotherKindSaysWhereItBelongs() throws Exception {
        model.mediaPath.set(TestMedia.kernel(folder.resolve("vmlinuz")).toString());
        assertThat(model.mediaProblem.get()).contains("Linux kernel").contains("\u201cKernel\u201d");
        model.choice.set(MediaChoice.KERNEL);
        assertThat(model.mediaProblem.get()).isEmpty();
        assertThat(model.newDisk.get()).isFalse();
        model.initrdPath.set(folder.resolve("missing.gz").toString());
        assertThat(model.initrdProblem.get()).isNotEmpty();
        model.initrdPath.set("");
        model.commandLine.set("console=ttyS0");
        assertThat(model.configuration().kernel()).isNotNull();
        assertThat(model.configuration().disks()).isEmpty();
    }

    @Test
    void aDroppedFileChoosesItsOwnKind() throws Exception {
        model.beginWith(TestMedia.disk(folder.resolve("old.img")));
        assertThat(model.choice.get()).isEqualTo(MediaChoice.DISK);
        assertThat(model.complete(Step.MEDIA).get()).isTrue();
        assertThat(model.name.get()).isEqualTo("old");
        assertThat(model.newDisk.get()).isFalse();
        assertThat(model.bootOrder.get()).startsWith(BootDevice.DISK);
    }

    @Test
    void aDiskOfAnotherMachineIsRefused() throws Exception {
        Path disk = TestMedia.disk(folder.resolve("shared.img"));
        model.beginWith(disk);
        model.create(made -> {});
        NewMachineViewModel second = fresh();
        second.beginWith(disk);
        assertThat(second.mediaProblem.get()).contains("two machines must not write to one disk");
        assertThat(second.complete(Step.MEDIA).get()).isFalse();
    }

    @Test
    void anOldAnswerDoesNotReplaceANewerOne() throws Exception {
        NewMachineViewModel slow = new NewMachineViewModel(host, pending::add, Runnable::run);
        pending.remove().run();
        slow.mediaPath.set(folder.resolve("nowhere.iso").toString());
        slow.mediaPath.set(debian().toString());
        assertThat(slow.inspecting.get()).isTrue();
        assertThat(slow.complete(Step.MEDIA).get()).isFalse();
        Runnable first = pending.remove();
        pending.remove().run();
        first.run();
        assertThat(slow.mediaProblem.get()).isEmpty();
        assertThat(slow.media.get()).isPresent();
    }

    @Test
    void aFailureToCreateIsShownAndCanBeRepeated() throws Exception {
        model.mediaPath.set(debian().toString());
        Files.createDirectories(host.home().resolve("machines").resolve(model.name.get()));
        List<NewMachine> made = new ArrayList<>();
        model.create(made::add);
        assertThat(model.creationProblem.get()).contains("left from an earlier machine");
        assertThat(model.creating.get()).isFalse();
        model.name.set("another");
        model.create(made::add);
        assertThat(made).hasSize(1);
    }
}
