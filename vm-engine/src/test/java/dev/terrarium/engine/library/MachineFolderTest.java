// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.library;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.config.CpuModel;
import dev.terrarium.engine.config.DriveIo;
import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.config.Throttle;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MachineFolderTest {
    @TempDir
    Path path;

    private MachineFolder folder;

    @BeforeEach
    void makeFolder() {
        folder = new MachineFolder(path);
    }

    @Test
    void whatWasSavedIsLoaded() throws Exception {
        MachineConfig config = TestConfigs.named("a", TestConfigs.cdrom(Path.of("/x.iso")));
        folder.save(config);
        assertThat(folder.load()).isEqualTo(config);
        assertThat(folder.disks()).isDirectory();
    }

    @Test
    void savingAgainReplacesAndLeavesNoTemporaryFile() throws Exception {
        folder.save(TestConfigs.named("a"));
        folder.save(TestConfigs.named("b"));
        assertThat(folder.load().name()).isEqualTo("b");
        assertThat(path.resolve("machine.json.new")).doesNotExist();
    }

    @Test
    void aSaveThatFailsLeavesTheOldConfiguration() throws Exception {
        folder.save(TestConfigs.named("old"));
        Files.createDirectory(path.resolve("machine.json.new"));
        assertThatThrownBy(() -> folder.save(TestConfigs.named("new"))).isInstanceOf(TerrariumException.class);
        assertThat(folder.load().name()).isEqualTo("old");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{",
                "null",
                "[]",
                "7",
                "{}",
                "{\"version\":1}",
                "{\"version\":1,\"id\":\"x\"}",
                "{\"version\":1,\"name\":\"a\",\"disks\":7}",
                "{\"version\":1,\"name\":\"a\",\"bootOrder\":[null],\"disks\":[],\"networks\":[]}",
                "{\"version\":1,\"name\":\"a\",\"accelerator\":\"ABACUS\"}",
                "{\"version\":1,\"name\":\"a\",\"cpu\":\"z80\"}"
            })
    void aDamagedFileIsNamedAndKept(String content) throws Exception {
        Files.writeString(folder.configFile(), content);
        assertThatThrownBy(folder::load)
                .isInstanceOf(TerrariumException.class)
                .hasMessageContaining(folder.configFile().toString())
                .hasMessageContaining("damaged")
                .extracting(Throwable::getMessage)
                .asString()
                .doesNotContain("\n");
        assertThat(Files.readString(folder.configFile())).isEqualTo(content);
    }

    @Test
    void aBrokenFilesMessageSaysWhereAndNothingOfTheParser() throws Exception {
        Files.createDirectories(folder.path());
        Files.writeString(folder.configFile(), "{\n  \"version\": 1,\n");
        assertThatThrownBy(folder::load)
                .hasMessageContaining("it is not JSON (line 3")
                .hasMessageNotContaining("Source");
    }

    @Test
    void aFileWithoutProcessorModelMeansTheBest() throws Exception {
        folder.save(TestConfigs.named("a"));
        String written = Files.readString(folder.configFile());
        assertThat(written).contains("\"cpu\" : \"best\"");
        Files.writeString(folder.configFile(), written.replaceFirst(",\\s*\"cpu\" : \"best\"", ""));
        assertThat(folder.load().cpu()).isEqualTo(CpuModel.BEST);
        Files.writeString(folder.configFile(), written.replace("\"best\"", "\"x86-64-v1\""));
        assertThat(folder.load().cpu()).isEqualTo(CpuModel.X86_64_V1);
    }

    @Test
    void whatAnOlderOrHandWrittenFileDoesNotSayIsTheUsual() throws Exception {
        folder.save(TestConfigs.named("a"));
        String written = Files.readString(folder.configFile());
        String networks = "\"networks\" : [ {\"kind\" : \"NAT\", \"forwards\" : [ {\"protocol\" : \"TCP\","
                + " \"hostAddress\" : \"127.0.0.1\", \"hostPort\" : 2222, \"guestPort\" : 22} ]} ]";
        String disks = "\"disks\" : [ {\"kind\" : \"DISK\", \"path\" : \"/d.img\", \"format\" : \"RAW\","
                + " \"bus\" : \"IDE\", \"io\" : {\"cache\" : \"UNSAFE\", \"throttle\" : {\"bpsRead\" : {\"average\" : 9}}}} ]";
        Files.writeString(
                folder.configFile(),
                written.replaceFirst("(?s)\"networks\" : \\[[^]]*]", networks)
                        .replaceFirst("(?s)\"disks\" : \\[[^]]*]", disks));
        MachineConfig config = folder.load();
        MachineConfig.NetworkConfig card = config.networks().getFirst();
        assertThat(card.hostAllowed()).isFalse();
        assertThat(card.forwards()).hasSize(1);
        MachineConfig.DriveConfig disk = config.disks().getFirst();
        assertThat(disk.readOnly()).isFalse();
        assertThat(disk.io().shareable()).isFalse();
        assertThat(disk.io().cache()).isEqualTo(DriveIo.Cache.UNSAFE);
        assertThat(disk.io().throttle().bpsRead().average()).isEqualTo(9);
        assertThat(disk.io().throttle().bpsWrite()).isEqualTo(Throttle.Limit.NONE);
        for (String field : List.of("memoryMiB", "vcpus", "maximumVcpus")) {
            Files.writeString(folder.configFile(), written.replaceFirst("\"" + field + "\" : \\d+,", ""));
            assertThatThrownBy(folder::load).hasMessageContaining("damaged").hasMessageContaining(field);
        }
    }

    @Test
    void aFileOfANewerVersionSaysSo() throws Exception {
        folder.save(TestConfigs.named("a"));
        String newer = Files.readString(folder.configFile()).replaceFirst("\"version\" : 1", "\"version\" : 2");
        Files.writeString(folder.configFile(), newer);
        assertThatThrownBy(folder::load).hasMessageContaining("version 2").hasMessageContaining("newer");
    }

    @Test
    void fieldsOfTheFutureArePassedOver() throws Exception {
        folder.save(TestConfigs.named("a"));
        String more = Files.readString(folder.configFile()).replaceFirst("\\{", "{\"colour\" : \"red\", ");
        Files.writeString(folder.configFile(), more);
        assertThat(folder.load().name()).isEqualTo("a");
    }

    @Test
    void onlyOneHasTheLockAndAskingDoesNotLoseIt() throws Exception {
        MachineFolder.RunLock lock = folder.tryLock().orElseThrow();
        assertThat(folder.tryLock()).isEmpty();
        assertThat(lockedForOtherProcesses()).isTrue();
        lock.close();
        assertThat(lockedForOtherProcesses()).isFalse();
        folder.tryLock().orElseThrow().close();
    }

    private boolean lockedForOtherProcesses() throws Exception {
        return LockProbe.run(path.resolve("lock"), "probe") == LockProbe.BUSY;
    }

    @Test
    void aLockOfAnotherProcessIsRespected() throws Exception {
        Process holder = LockProbe.start(path.resolve("lock"), "hold");
        try (InputStream output = holder.getInputStream()) {
            assertThat(output.read()).isEqualTo('L');
            assertThat(folder.tryLock()).isEmpty();
            holder.getOutputStream().close();
            assertThat(holder.waitFor()).isZero();
            folder.tryLock().orElseThrow().close();
        } finally {
            holder.destroy();
        }
    }

    /** Another process that tries the lock, or holds it until its standard input ends. */
    static final class LockProbe {
        static final int BUSY = 9;

        private LockProbe() {}

        static Process start(Path file, String mode) throws Exception {
            String java =
                    Path.of(System.getProperty("java.home"), "bin", "java").toString();
            Path classes = Path.of(LockProbe.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
            return new ProcessBuilder(List.of(
                            java,
                            "-Xshare:auto",
                            "-XX:TieredStopAtLevel=1",
                            "-cp",
                            testClasses(classes).toString(),
                            LockProbe.class.getName(),
                            file.toString(),
                            mode))
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
        }

        /** Surefire patches the tests into the module, whose location is then that of the main classes. */
        private static Path testClasses(Path classes) {
            return classes.endsWith("classes") ? classes.resolveSibling("test-classes") : classes;
        }

        static int run(Path file, String mode) throws Exception {
            return start(file, mode).waitFor();
        }

        public static void main(String[] arguments) throws Exception {
            try (FileChannel channel =
                    FileChannel.open(Path.of(arguments[0]), StandardOpenOption.WRITE, StandardOpenOption.CREATE)) {
                if (channel.tryLock() == null) {
                    System.exit(BUSY);
                }
                if (arguments[1].equals("hold")) {
                    System.out.print("L");
                    System.out.flush();
                    while (System.in.read() >= 0) {}
                }
            }
        }
    }
}
