// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.window;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrarium.app.window.HostSample.MachineSample;
import dev.terrarium.engine.MachineState;
import dev.terrarium.engine.Screenshot;
import dev.terrarium.engine.TerrariumException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where pictures of screens go, and typing the clipboard's text. */
class PictureFileTest {
    @TempDir
    Path home;

    @Test
    void aFileIsNamedAfterMachineAndTime() {
        assertThat(PictureFile.name("debian 12", LocalDateTime.of(2026, 11, 3, 7, 5, 9)))
                .isEqualTo("debian 12-2026-11-03-070509.png");
        assertThat(PictureFile.withEnding(home.resolve("a"))).isEqualTo(home.resolve("a.png"));
        assertThat(PictureFile.withEnding(home.resolve("a.PNG"))).isEqualTo(home.resolve("a.PNG"));
    }

    @Test
    void theFolderIsTheOneForPictures() throws Exception {
        assertThat(PictureFile.folder(home)).isEqualTo(home);
        Path plain = Files.createDirectory(home.resolve("Pictures"));
        assertThat(PictureFile.folder(home)).isEqualTo(plain);
        Path named = Files.createDirectory(home.resolve("Bilder"));
        Files.createDirectory(home.resolve(".config"));
        Path settings = home.resolve(".config/user-dirs.dirs");
        Files.writeString(settings, "# a comment\nXDG_MUSIC_DIR=\"$HOME/x\"\nXDG_PICTURES_DIR=\"$HOME/Bilder\"\n");
        assertThat(PictureFile.folder(home)).isEqualTo(named);
        Files.writeString(settings, "XDG_PICTURES_DIR=\"" + named + "\"\n");
        assertThat(PictureFile.folder(home)).isEqualTo(named);
        Files.writeString(settings, "XDG_PICTURES_DIR=\"$HOME/gone\"\n");
        assertThat(PictureFile.folder(home)).as("a folder that is not there").isEqualTo(home);
    }

    @Test
    void aPictureIsWrittenOrSaysWhyNot() throws Exception {
        Path file = home.resolve("p.png");
        PictureFile.write(new Screenshot(2, 1, new int[] {0xFF0000, 0x0000FF}), file);
        assertThat(Files.readAllBytes(file)).startsWith(0x89, 'P', 'N', 'G');
        assertThatThrownBy(() -> PictureFile.write(new Screenshot(1, 1, new int[1]), home.resolve("no/p.png")))
                .isInstanceOf(TerrariumException.class)
                .hasMessageEndingWith("no/p.png cannot be written: choose a folder that exists and is yours");
    }

    private final List<Notice> notices = new ArrayList<>();

    private MachineViewModel model(FakeMachine machine) {
        return new MachineViewModel(MachineSample.of(machine), new Work(Runnable::run, Runnable::run, notices::add));
    }

    private FakeMachine machine() {
        FakeMachine machine = new FakeHost(home).add("build", "debian12");
        return machine.in(MachineState.RUNNING);
    }

    @Test
    void aScreenshotIsTakenAndSaved() {
        MachineViewModel model = model(machine());
        List<Screenshot> taken = new ArrayList<>();
        model.takePicture(taken::add);
        model.savePicture(taken.getFirst(), home.resolve("shot"));
        assertThat(home.resolve("shot.png")).isNotEmptyFile();
        assertThat(notices).extracting(Notice::title).containsExactly("Saved");
        model.savePicture(taken.getFirst(), home.resolve("no/shot"));
        assertThat(notices.getLast().kind()).isEqualTo(Notice.Kind.ERROR);
    }

    @Test
    void textIsTypedWithinBounds() {
        FakeMachine machine = machine();
        MachineViewModel model = model(machine);
        model.type("one\r\ntwo");
        assertThat(machine.calls).containsExactly("type one\ntwo");
        model.type("");
        model.type("x".repeat(MachineViewModel.MOST_TYPED + 1));
        machine.refuse("there is no key for \u20ac: leave it out");
        model.type("\u20ac");
        assertThat(notices)
                .extracting(Notice::kind)
                .containsExactly(Notice.Kind.WARNING, Notice.Kind.WARNING, Notice.Kind.ERROR);
    }
}
