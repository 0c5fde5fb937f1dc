// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrarium.app.media.Import;
import dev.terrarium.app.media.Medium;
import dev.terrarium.app.task.Task;
import dev.terrarium.engine.MachineState;
import dev.terrarium.engine.disk.ConvertRequest;
import dev.terrarium.engine.disk.DiskImages;
import dev.terrarium.engine.disk.ImageSource;
import dev.terrarium.wizards.DiskDialogs.NewDisk;
import dev.terrarium.wizards.DiskDialogs.NewSize;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Disks and CDs without a screen, on real images. */
class MediaViewModelTest {
    private static final long MIB = 1 << 20;

    @TempDir
    Path home;

    private final List<List<Path>> remembered = new ArrayList<>();
    private FakeHost host;
    private MainViewModel main;
    private MediaViewModel model;
    private Path disk;

    @BeforeEach
    void open() {
        host = new FakeHost(home);
        main = new MainViewModel(host, Runnable::run, Runnable::run);
        model = new MediaViewModel(main, List.of(), remembered::add);
        disk = model.ownFolder().resolve("data.qcow2");
        model.create(new NewDisk(disk, "qcow2", 64 * MIB));
    }

    private Medium find(String name) {
        return model.shown().stream()
                .filter(each -> each.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private List<String> names() {
        return model.shown().stream().map(Medium::name).toList();
    }

    private Task.Status last() {
        return main.tasks().all().getFirst().status();
    }

    @Test
    void aNewDiskIsMadeTheFolderTooAndListed() {
        assertThat(names()).containsExactly("data.qcow2");
        assertThat(find("data.qcow2").size()).hasValue(64 * MIB);
        assertThat(main.notices()).singleElement().satisfies(notice -> assertThat(notice.title())
                .isEqualTo("data.qcow2 is made"));
        assertThat(model.figuresProperty().get()).startsWith("1 file");
    }

    @Test
    void itIsFilteredAndSearchedByNameFormatAndUser() throws Exception {
        host.add("ant", "fedora");
        Files.write(model.ownFolder().resolve("debian-12.iso"), new byte[2048]);
        model.refresh();
        assertThat(names()).containsExactly("data.qcow2", "debian-12.iso", "debian-12.iso", "disk1.img");
        model.filterProperty().set(MediaViewModel.Filter.DISKS);
        assertThat(names()).containsExactly("data.qcow2", "disk1.img");
        model.searchProperty().set("ANT");
        assertThat(names()).containsExactly("disk1.img");
        model.searchProperty().set("qcow");
        assertThat(names()).containsExactly("data.qcow2");
        model.searchProperty().set("");
        model.filterProperty().set(MediaViewModel.Filter.CDS);
        assertThat(names()).containsOnly("debian-12.iso");
    }

    @Test
    void growingAndShrinkingAreTasks() {
        model.resize(find("data.qcow2"), new NewSize(96 * MIB, false));
        assertThat(find("data.qcow2").size()).hasValue(96 * MIB);
        model.resize(find("data.qcow2"), new NewSize(32 * MIB, false));
        assertThat(last().state()).as("not without consent").isEqualTo(Task.State.FAILED);
        assertThat(find("data.qcow2").size()).hasValue(96 * MIB);
        model.resize(find("data.qcow2"), new NewSize(32 * MIB, true));
        assertThat(find("data.qcow2").size()).hasValue(32 * MIB);
    }

    @Test
    void aCopyInAnotherFormatIsMade() throws Exception {
        Path target = home.resolve("copies/data.vmdk");
        model.convert(new ConvertRequest(
                ImageSource.of(disk), Optional.empty(), target, "vmdk", Map.of(), false, 2, 4096, true));
        assertThat(last().state()).isEqualTo(Task.State.DONE);
        assertThat(DiskImages.info(ImageSource.of(target)).virtualSize()).isEqualTo(64 * MIB);
    }

    @Test
    void errorsAreOfferedToBeRepaired() throws Exception {
        try (RandomAccessFile file = new RandomAccessFile(disk.toFile(), "rw")) {
            file.setLength(file.length() + 65536); // a cluster with a refcount that nothing uses
            file.seek(0x20000); // the first refcount block of an image with 64 KiB clusters
            long block = file.length() / 65536 - 1;
            file.seek(0x20000 + 2 * block);
            file.writeShort(1);
        }
        List<Question> asked = new ArrayList<>();
        model.check(find("data.qcow2"), asked::add);
        assertThat(asked).singleElement().satisfies(question -> {
            assertThat(question.lines().getFirst()).contains("nothing uses");
            assertThat(question.confirm()).isEqualTo("Repair");
        });
        model.repair(find("data.qcow2"));
        model.check(find("data.qcow2"), asked::add);
        assertThat(asked).as("nothing is left").hasSize(1);
    }

    @Test
    void onlyWhatNobodyNeedsIsDeleted() {
        FakeMachine ant = host.add("ant", "fedora");
        model.refresh();
        Medium used = find("disk1.img");
        assertThat(MediaViewModel.users(used)).isEqualTo("ant");
        model.delete(used);
        assertThat(last().state()).isEqualTo(Task.State.FAILED);
        assertThat(last().reason()).contains("needed by ant");
        assertThat(used.path()).exists();
        ant.in(MachineState.RUNNING);
        model.refresh();
        assertThat(find("disk1.img").changeable()).isFalse();
        assertThat(MediaViewModel.whyLocked(find("disk1.img"))).contains("switch off ant");
        ant.in(MachineState.SAVED);
        model.refresh();
        assertThat(find("disk1.img").changeable()).as("of a saved machine").isFalse();
        Question question = MediaViewModel.deleteQuestion(find("data.qcow2"));
        assertThat(question.lines()).singleElement().asString().startsWith(disk + "  (");
        model.delete(find("data.qcow2"));
        assertThat(disk).doesNotExist();
        assertThat(names()).doesNotContain("data.qcow2");
    }

    @Test
    void whatIsDroppedIsCopiedOrListed() throws Exception {
        Path outside = Files.createDirectories(home.resolve("Downloads"));
        byte[] bytes = new byte[9 << 20];
        bytes[5 << 20] = 7;
        Path iso = Files.write(outside.resolve("tiny.iso"), bytes);
        model.bringIn(List.of(iso, Files.createDirectories(home.resolve("isos"))));
        assertThat(Files.readAllBytes(model.ownFolder().resolve("tiny.iso"))).isEqualTo(bytes);
        assertThat(names()).contains("tiny.iso");
        assertThat(remembered).containsExactly(List.of(home.resolve("isos")));
        model.bringIn(List.of(iso));
        assertThat(last().state()).as("there is one").isEqualTo(Task.State.FAILED);
    }

    @Test
    void aCopyThatIsCancelledLeavesNothing() throws Exception {
        Path iso = Files.write(home.resolve("big.iso"), new byte[9 << 20]);
        assertThatThrownBy(() -> Import.copy(iso, model.ownFolder(), (done, total) -> false))
                .hasMessageContaining("cancelled");
        try (Stream<Path> files = Files.list(model.ownFolder())) {
            assertThat(files).containsExactly(disk);
        }
    }

    @Test
    void addedFoldersAreRememberedOnce() {
        model.addFolder(home.resolve("isos"));
        model.addFolder(home.resolve("isos"));
        assertThat(remembered).containsExactly(List.of(home.resolve("isos")));
    }
}
