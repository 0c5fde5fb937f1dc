// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terrarium.engine.TerrariumException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IsoProbeTest {
    @TempDir
    Path folder;

    private Path make(String label, Path tree, String... more) throws IOException, InterruptedException {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/xorriso")), "xorriso is not installed");
        Path iso = folder.resolve("test.iso");
        List<String> command = new ArrayList<>(List.of(
                "xorriso",
                "-as",
                "mkisofs",
                "-quiet",
                "-R",
                "-V",
                label,
                "-publisher",
                "Somebody",
                "-o",
                iso.toString()));
        command.addAll(List.of(more));
        command.add(tree.toString());
        assertThat(new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(folder.resolve("log").toFile())
                        .start()
                        .waitFor())
                .isZero();
        return iso;
    }

    @Test
    void aBootableDebianIsRecognised() throws Exception {
        Path tree = Files.createDirectories(folder.resolve("tree"));
        Files.createDirectories(tree.resolve(".disk"));
        Files.writeString(tree.resolve(".disk/info"), "Debian GNU/Linux 12.5.0 \"Bookworm\" - Official amd64\n");
        Files.write(tree.resolve("boot.img"), new byte[2048]);
        IsoInfo info = IsoProbe.probe(make("CDROM", tree, "-b", "boot.img", "-no-emul-boot", "-boot-load-size", "4"));
        assertThat(info.label()).isEqualTo("CDROM");
        assertThat(info.publisher()).isEqualTo("Somebody".toUpperCase(java.util.Locale.ROOT));
        assertThat(info.bootable()).isTrue();
        assertThat(info.efiBootable()).isFalse();
        assertThat(info.osId()).contains("debian");
        assertThat(info.description()).contains("Debian GNU/Linux 12.5.0 \"Bookworm\" - Official amd64");
    }

    @Test
    void theFoldersTellWhereTheLabelDoesNot() throws Exception {
        Path tree = Files.createDirectories(folder.resolve("tree"));
        Files.createDirectories(tree.resolve("install.amd"));
        IsoInfo info = IsoProbe.probe(make("XYZ", tree));
        assertThat(info.bootable()).isFalse();
        assertThat(info.osId()).contains("debian");
    }

    @Test
    void aPlainDataDiscHasNoSystem() throws Exception {
        Path tree = Files.createDirectories(folder.resolve("tree"));
        Files.writeString(tree.resolve("readme.txt"), "hello");
        assertThat(IsoProbe.probe(make("DATA", tree)).osId()).isEmpty();
    }

    @Test
    void anythingElseIsRefused() throws IOException {
        Path text = Files.writeString(folder.resolve("a.iso"), "this is not a CD");
        assertThatThrownBy(() -> IsoProbe.probe(text))
                .isInstanceOf(TerrariumException.class)
                .hasMessageContaining("is not a CD image");
        assertThatThrownBy(() -> IsoProbe.probe(folder.resolve("none"))).hasMessageContaining("does not exist");
    }
}
