// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.wizards;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.disk.ImageSource;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The dialogs about disks, without a screen. */
class DiskDialogModelsTest {
    private static final long GIB = 1L << 30;

    @TempDir
    Path folder;

    @Test
    void aNewDiskFollowsItsFormatAndOverwritesNothing() throws Exception {
        NewDiskViewModel model = new NewDiskViewModel(folder, Runnable::run, Runnable::run);
        assertThat(model.valid().get()).isTrue();
        assertThat(model.room.get()).contains("free");
        model.format.set(DiskFormat.VPC);
        model.size.set(" 8 ");
        assertThat(model.result()).isEqualTo(new DiskDialogs.NewDisk(folder.resolve("disk.vhd"), "vpc", 8 * GIB));
        Files.writeString(folder.resolve("disk.img"), "");
        model.format.set(DiskFormat.RAW);
        assertThat(model.pathProblem.get()).contains("already");
        assertThat(model.valid().get()).isFalse();
        model.path.set(folder.resolve("other.img").toString());
        assertThat(model.valid().get()).isTrue();
        for (String wrong : List.of("", "0", "ten", "-1", "1.5", "999999999")) {
            model.size.set(wrong);
            assertThat(model.valid().get()).as(wrong).isFalse();
        }
    }

    @Test
    void onlyTheLastAnswerCounts() throws Exception {
        List<Runnable> background = new ArrayList<>();
        Files.writeString(folder.resolve("taken.qcow2"), "");
        NewDiskViewModel model = new NewDiskViewModel(folder, background::add, Runnable::run);
        model.path.set(folder.resolve("taken.qcow2").toString());
        model.path.set(folder.resolve("new.qcow2").toString());
        assertThat(model.valid().get()).as("not looked at yet").isFalse();
        background.reversed().forEach(Runnable::run);
        assertThat(model.pathProblem.get()).isEmpty();
        assertThat(model.valid().get()).isTrue();
    }

    @Test
    void growingNeedsNoConsentAndShrinkingDoes() {
        ResizeDiskViewModel model = new ResizeDiskViewModel(20 * GIB);
        assertThat(model.size.get()).isEqualTo("20");
        assertThat(model.valid().get()).as("nothing changes").isFalse();
        model.size.set("32");
        assertThat(model.valid().get()).isTrue();
        assertThat(model.effectProperty().get()).contains("12 GiB more");
        assertThat(model.result()).isEqualTo(new DiskDialogs.NewSize(32 * GIB, false));
        model.size.set("12.5");
        assertThat(model.shrinks().get()).isTrue();
        assertThat(model.effectProperty().get()).contains("last 7.5 GiB");
        assertThat(model.valid().get()).isFalse();
        model.consent.set(true);
        assertThat(model.valid().get()).isTrue();
        assertThat(model.result()).isEqualTo(new DiskDialogs.NewSize(25 * GIB / 2, true));
        model.size.set("12.4");
        assertThat(model.consent.get()).as("consent is for one size").isFalse();
        for (String wrong : List.of("", "0", "big", "-3", "1e3")) {
            model.size.set(wrong);
            assertThat(model.problem.get()).as(wrong).isNotEmpty();
        }
    }

    @Test
    void aSizeThatIsShownRoundedIsNoChange() {
        ResizeDiskViewModel model = new ResizeDiskViewModel(20 * GIB + 512);
        assertThat(model.size.get()).isEqualTo("20.00");
        assertThat(model.shrinks().get()).isFalse();
        assertThat(model.valid().get()).isFalse();
    }

    @Test
    void aConversionProposesItsFileAndChecksOptions() throws Exception {
        Path source = folder.resolve("server.vmdk");
        ConvertDiskViewModel model =
                new ConvertDiskViewModel(new ImageSource(source, "vmdk", List.of()), Runnable::run, Runnable::run);
        assertThat(model.format.get()).isEqualTo(DiskFormat.QCOW2);
        assertThat(model.path.get()).isEqualTo(folder.resolve("server.qcow2").toString());
        model.compress.set(true);
        model.options.set("cluster_size=128k");
        assertThat(model.valid().get()).isTrue();
        assertThat(model.result()).satisfies(request -> {
            assertThat(request.target()).isEqualTo(folder.resolve("server.qcow2"));
            assertThat(request.options()).isEqualTo(Map.of("cluster_size", "128k"));
            assertThat(request.compress()).isTrue();
            assertThat(request.create()).isTrue();
        });
        model.options.set("cluster=1");
        assertThat(model.optionsProblem.get()).contains("cluster");
        assertThat(model.valid().get()).isFalse();
        model.options.set("");
        model.format.set(DiskFormat.VMDK);
        assertThat(model.path.get())
                .as("never the source")
                .isEqualTo(folder.resolve("server-copy.vmdk").toString());
        assertThat(model.result().compress()).as("not for this format").isFalse();
        Files.writeString(folder.resolve("server-copy.vdi"), "");
        model.format.set(DiskFormat.VDI);
        assertThat(model.valid().get()).isFalse();
    }
}
