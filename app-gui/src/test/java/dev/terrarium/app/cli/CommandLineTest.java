// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CommandLineTest {
    @TempDir
    Path home;

    private final List<String> windows = new ArrayList<>();
    private ByteArrayOutputStream output = new ByteArrayOutputStream();
    private StringWriter errors = new StringWriter();

    private int run(Map<String, String> environment, String... arguments) {
        output = new ByteArrayOutputStream();
        errors = new StringWriter();
        Window window = (folder, request) -> {
            windows.add(
                    folder.getFileName() + " " + request.map(Record::toString).orElse("-"));
            return 0;
        };
        Surroundings surroundings = new Surroundings(
                window, environment, new ByteArrayInputStream(new byte[0]), output, new PrintWriter(errors, true));
        return new CommandLineApplication(surroundings).run(arguments);
    }

    private int run(String... arguments) {
        return run(Map.of("TERRARIUM_HOME", home.toString()), arguments);
    }

    private JsonNode json() throws Exception {
        return Json.MAPPER.readTree(output.toByteArray());
    }

    private Path disk() throws Exception {
        return Files.write(home.resolve("old disk.img"), new byte[1024]);
    }

    @Test
    void aMachineIsCloned() throws Exception {
        assertThat(run("create", "--name", "one machine", "--disk", "size=1", "--disk", "path=" + disk() + ",readonly"))
                .isZero();
        assertThat(run("clone", "one machine", "another", "--dry-run", "--json"))
                .isZero();
        assertThat(json().at("/disks/0/target").asText())
                .isEqualTo(home.resolve("machines/another/disks/disk1.img").toString());
        assertThat(json().at("/disks/0/shared").asBoolean()).isFalse();
        assertThat(json().at("/disks/1/shared").asBoolean()).isTrue();
        assertThat(json().get("freeBytes").asLong()).isPositive();
        assertThat(home.resolve("machines/another")).doesNotExist();
        assertThat(run("clone", "one machine", "another", "--dry-run")).isZero();
        assertThat(output.toString(StandardCharsets.UTF_8))
                .contains("the same file")
                .contains("free");

        assertThat(run("clone", "one machine", "another")).isZero();
        assertThat(errors.toString()).contains("\"another\" is made in ");
        assertThat(run("clone", "one machine", "another")).isEqualTo(1);
        assertThat(errors.toString()).contains("exists: choose another name");
        assertThat(run("clone", "one machine", "third", "--json")).isZero();
        assertThat(json().at("/configuration/disks/0/path").asText())
                .isEqualTo(home.resolve("machines/third/disks/disk1.img").toString());
    }

    @Test
    void aDiskSaysHowItsRequestsAreTreated() throws Exception {
        assertThat(run(
                        "create",
                        "--name",
                        "a",
                        "--disk",
                        "size=1,cache=unsafe,onerror=report,discard=ignore,shareable,bps=10M,throttling.iops-read=100"))
                .isZero();
        assertThat(run("set", "a", "--disk", "1,throttling.bps-total-max=20M,bps-total-max-length=3,shareable=off"))
                .isZero();
        assertThat(run("info", "a")).isZero();
        assertThat(output.toString(StandardCharsets.UTF_8))
                .contains("raw, cache=unsafe, onerror=report, discard=ignore, throttling.bps-total=10485760,"
                        + " throttling.bps-total-max=20971520, throttling.bps-total-max-length=3,"
                        + " throttling.iops-read=100)")
                .contains("a crash of the host loses the disk");
        run("info", "a", "--json");
        JsonNode io = json().at("/configuration/disks/0/io");
        assertThat(io.get("cache").asText()).isEqualTo("UNSAFE");
        assertThat(io.at("/throttle/bpsTotal/burst").asLong()).isEqualTo(20L << 20);
        assertThat(json().get("pauseReason").isNull()).isTrue();
        assertThat(run("set", "a", "--disk", "2,cache=unsafe")).isEqualTo(1);
        assertThat(errors.toString()).contains("from 1 to 1");
    }

    @Test
    void aMachineIsMadeListedChangedDumpedAndRemoved() throws Exception {
        assertThat(run("create", "--name", "a", "--memory", "64", "--disk", "size=1", "--disk", "path=" + disk()))
                .isZero();
        assertThat(output.toString(StandardCharsets.UTF_8)).isEmpty();
        run("list", "--all", "--json");
        assertThat(json().get(0).get("name").asText()).isEqualTo("a");
        assertThat(json().get(0).get("state").asText()).isEqualTo("off");
        assertThat(json().get(0).get("memoryMiB").asInt()).isEqualTo(64);
        run("list", "--json");
        assertThat(json()).isEmpty();
        assertThat(run("set", "a", "--memory", "128")).isZero();
        assertThat(run("set", "a", "--cpu", "X86-64-V1")).isZero();
        run("info", "a", "--json");
        assertThat(json().at("/configuration/cpu").asText()).isEqualTo("x86-64-v1");
        assertThat(json().at("/configuration/memoryMiB").asInt()).isEqualTo(128);
        assertThat(json().at("/configuration/disks/1/path").asText()).isEqualTo(disk().toString());
        run("stats", "a", "--json");
        assertThat(json().get("uptimeNanos").asInt()).isZero();
        assertThat(json().get("engine").properties().stream().map(Map.Entry::getKey))
                .containsExactlyInAnyOrder(
                        "instructions",
                        "compiledInstructions",
                        "compiledShare",
                        "compileNanos",
                        "codeBytes",
                        "compiledRegions");
        run("dump", "a");
        Path dump = Files.writeString(
                home.resolve("dump.json"),
                output.toString(StandardCharsets.UTF_8).replace("\"a\"", "\"b\""));
        assertThat(run("define", dump.toString())).isZero();
        assertThat(run("delete", "a", "--disks")).isZero();
        assertThat(disk()).exists();
        run("list", "--all", "--json");
        assertThat(json()).hasSize(1);
    }

    @Test
    void allOptionsOfCreateArriveInTheConfiguration() throws Exception {
        byte[] image = new byte[1024];
        image[0x202] = 'H';
        image[0x203] = 'd';
        image[0x204] = 'r';
        image[0x205] = 'S';
        Path kernel = Files.write(home.resolve("vmlinuz"), image);
        assertThat(run(
                        "create",
                        "--name",
                        "k",
                        "--kernel",
                        kernel.toString(),
                        "--initrd",
                        kernel.toString(),
                        "--append",
                        "console=ttyS0 a=b",
                        "--boot",
                        "disk,cdrom",
                        "--debug-exit",
                        "0xf4",
                        "--debug-console",
                        home + "/log",
                        "--accel",
                        "software",
                        "--vcpus",
                        "1,max=1",
                        "--cpu",
                        "x86-64-v2",
                        "--network",
                        "none"))
                .isZero();
        run("info", "k", "--json");
        JsonNode configuration = json().get("configuration");
        assertThat(configuration.get("operatingSystem").asText()).isEqualTo("linux");
        assertThat(configuration.at("/kernel/commandLine").asText()).isEqualTo("console=ttyS0 a=b");
        assertThat(configuration.get("debugExitPort").asInt()).isEqualTo(0xF4);
        assertThat(configuration.get("accelerator").asText()).isEqualTo("SOFTWARE");
        assertThat(configuration.get("cpu").asText()).isEqualTo("x86-64-v2");
        assertThat(configuration.get("bootOrder").toString()).isEqualTo("[\"DISK\",\"CDROM\"]");
        assertThat(configuration.at("/networks/0/kind").asText()).isEqualTo("NONE");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "2|create|--name",
                "2|create --name x --disk size=0|no size",
                "2|create --name x --disk size=1,path=y|either new",
                "2|create --name x --disk size=1,format=qcow|format=qcow,",
                "2|create --name x --disk bananas|bananas",
                "2|create --name x --network unplugged,mac=01:00:00:00:00:01|01:00:00:00:00:01",
                "2|create --name x --network unplugged,ip=1|ip=1",
                "2|create --name x --network unplugged,host=on|nat,host=",
                "2|create --name x --network nat,host=maybe|on or off",
                "2|create --name x --network nat,hostfwd=tcp:22|tcp:127.0.0.1:2222-:22",
                "2|create --name x --network nat,hostfwd=sctp::1-:2|forwards no port",
                "1|create --name x --network nat,hostfwd=tcp::0-:22|1 to 65535",
                "1|create --name x --network nat,hostfwd=tcp:example.org:80-:22|no address of this host",
                "1|create --name x --network nat,hostfwd=udp::80-:22,hostfwd=udp::80-:23|forwarded already",
                "2|create --name x --disk size=1,bus=scsi|bus=scsi",
                "2|create --name x --disk size=1,cache=fast|writeback writethrough unsafe",
                "2|create --name x --disk size=1,iops=many|is no number",
                "1|create --name x --disk size=1,throttling.bps-read-max=5|bursts above",
                "1|create --name x --disk size=1,format=qcow2,shareable|only raw images can",
                "2|create --name x --memory much|--memory",
                "2|create --name x --vcpus 2,max=1|less than",
                "2|create --name x --os beos|debian12",
                "2|create --name x --cpu z80|x86-64-v2",
                "2|create --name x --append y|--kernel",
                "2|create --name x --boot tape|--boot",
                "1|create --name x/y|folder name",
                "1|create --name x --memory 999999999|more than this computer has",
                "1|create --name x --cdrom /nonexistent.iso|does not exist",
                "2|create --name x --network bridge|none or unplugged or nat",
                "1|create --name x --vcpus 64|vCPU",
                "2|create --name x --accel tcg|--accel",
                "1|start nobody --headless|no machine",
                "2|start nobody --timeout 3|--headless",
                "2|set nobody|nothing to change",
                "1|info nobody|no machine",
                "1|destroy nobody|no machine",
                "1|send-key nobody banana|no key",
                "1|define /nonexistent|cannot be read",
                "1|snapshot create a b|there is no machine",
                "1|image info /nonexistent|does not exist",
                "1|clone nobody copy|there is no machine",
                "2|dance|dance",
                "2|list --loud|--loud"
            })
    void mistakesAreOneLineAndAStatus(int status, String line, String mention) {
        assertThat(run(line.split(" "))).isEqualTo(status);
        assertThat(errors.toString().lines())
                .singleElement()
                .asString()
                .startsWith("terrarium: ")
                .contains(mention);
        assertThat(output.size()).isZero();
    }

    private String buses(String name) throws Exception {
        run("info", name, "--json");
        return json().at("/configuration/disks").findValuesAsText("bus").toString();
    }

    @Test
    void disksAreVirtioDisksIfTheGuestHasTheDriver() throws Exception {
        assertThat(run("create", "--name", "a", "--os", "debian12", "--memory", "64", "--disk", "size=1"))
                .isZero();
        assertThat(buses("a")).isEqualTo("[VIRTIO]");
        assertThat(run("create", "--name", "b", "--memory", "64", "--disk", "size=1", "--disk", "size=1,bus=virtio"))
                .isZero();
        assertThat(buses("b")).isEqualTo("[IDE, VIRTIO]");
        String existing = "path=" + disk() + ",bus=ide";
        assertThat(run("create", "--name", "c", "--os", "debian12", "--disk", existing, "--cdrom", cd().toString()))
                .isZero();
        assertThat(buses("c")).isEqualTo("[IDE, IDE]");
    }

    private String networks(String name) throws Exception {
        run("info", name, "--json");
        return json().at("/configuration/networks").findValuesAsText("kind").toString();
    }

    @Test
    void aGuestWithTheDriverHasANetworkUnlessToldOtherwise() throws Exception {
        assertThat(run("create", "--name", "a", "--os", "debian12")).isZero();
        assertThat(networks("a")).isEqualTo("[NAT]");
        assertThat(run("create", "--name", "b")).isZero();
        assertThat(networks("b")).isEqualTo("[]");
        assertThat(run("create", "--name", "c", "--os", "debian12", "--network", "none"))
                .isZero();
        assertThat(networks("c")).isEqualTo("[NONE]");
        assertThat(run(
                        "create",
                        "--name",
                        "d",
                        "--network",
                        "nat,mac=52:54:00:AA:bb:01,host=on,hostfwd=tcp::2222-:22,hostfwd=udp:[::1]:53-:5353"))
                .isZero();
        assertThat(run("info", "d")).isZero();
        assertThat(output.toString())
                .contains("nat, reaches this host at 10.0.2.2")
                .contains("tcp:127.0.0.1:2222-:22")
                .contains("udp:[::1]:53-:5353");
        run("info", "d", "--json");
        assertThat(json().at("/configuration/networks/0/mac").asText()).isEqualTo("52:54:00:aa:bb:01");
    }

    @Test
    void memoryOfAMachineThatRunsIsChangedAlone() throws Exception {
        assertThat(run("create", "--name", "a", "--os", "debian12", "--memory", "64"))
                .isZero();
        assertThat(run("set", "a", "--live", "--vcpus", "2", "--memory", "32")).isEqualTo(1);
        assertThat(run("set", "a", "--live", "--memory", "65")).isEqualTo(1);
        assertThat(errors.toString()).contains("from 16 to 64 MiB");
        assertThat(run("set", "a", "--live", "--memory", "32")).isEqualTo(1);
        assertThat(errors.toString()).contains("does not run");
    }

    @Test
    void aNewMachineStartsItsDiskOnceThereIsASystemOnIt() throws Exception {
        assertThat(run("create", "--name", "a", "--cdrom", cd().toString(), "--disk", "size=1"))
                .isZero();
        assertThat(bootOrder("a")).isEqualTo("[\"DISK\",\"CDROM\"]");
        assertThat(run("set", "a", "--boot", "cdrom,disk", "--accel", "software"))
                .isZero();
        assertThat(bootOrder("a")).isEqualTo("[\"CDROM\",\"DISK\"]");
        assertThat(run("set", "a", "--accel", "kvm")).isZero();
        run("info", "a", "--json");
        assertThat(json().at("/configuration/accelerator").asText()).isEqualTo("KVM");
    }

    /** A CD image with a primary volume descriptor (ECMA-119) and nothing else. */
    private Path cd() throws Exception {
        byte[] image = new byte[20 * 2048];
        image[16 * 2048] = 1;
        image[17 * 2048] = (byte) 255;
        for (int block = 16; block < 18; block++) {
            System.arraycopy("CD001".getBytes(StandardCharsets.US_ASCII), 0, image, block * 2048 + 1, 5);
        }
        return Files.write(home.resolve("cd.iso"), image);
    }

    private String bootOrder(String name) throws Exception {
        run("info", name, "--json");
        return json().at("/configuration/bootOrder").toString();
    }

    @Test
    void aMistypedNameBringsTheRightOne() {
        run("create", "--name", "debian", "--memory", "64");
        assertThat(run("info", "debain")).isEqualTo(1);
        assertThat(errors.toString()).contains("did you mean \"debian\"?");
        assertThat(run("info", "deb")).isEqualTo(1);
        assertThat(errors.toString()).contains("\"debian\"");
    }

    @Test
    void aDamagedMachineIsListedWithItsReason() throws Exception {
        Path file = home.resolve("machines/bad/machine.json");
        Files.createDirectories(file.getParent());
        Files.writeString(file, "{");
        assertThat(run("list", "--all")).isZero();
        assertThat(output.toString(StandardCharsets.UTF_8)).contains("bad").contains("damaged");
        assertThat(errors.toString()).contains(file.toString());
        run("list", "--all", "--json");
        assertThat(json().get(0).get("state").asText()).isEqualTo("damaged");
        assertThat(run("start", "bad", "--headless")).isEqualTo(1);
        assertThat(errors.toString()).contains("damaged");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "null",
                "7",
                "{}",
                "{\"name\":7}",
                "{\"name\":\"x\",\"colour\":\"red\"}",
                "{\"name\":\"x\",\"version\":9}",
                "{\"name\":\"x\",\"disks\":null}",
                "{\"name\":\"x\",\"id\":null}"
            })
    void aFileThatDefinesNothingIsRefused(String content) throws Exception {
        Path file = Files.writeString(home.resolve("x.json"), content);
        assertThat(run("define", file.toString())).isEqualTo(1);
        assertThat(errors.toString().lines()).singleElement().asString().contains(file.toString());
    }

    @Test
    void withoutADisplayTheWindowSaysWhatWorks() {
        assertThat(run()).isEqualTo(1);
        assertThat(errors.toString().lines())
                .singleElement()
                .asString()
                .contains("no display")
                .contains("--headless");
        assertThat(windows).isEmpty();
    }

    @Test
    void theWindowOpensOnWhatWasAskedFor() {
        Map<String, String> display = Map.of("DISPLAY", ":0", "TERRARIUM_HOME", home.toString());
        run("create", "--name", "a", "--memory", "64");
        assertThat(run(display)).isZero();
        assertThat(run(display, "view", "a")).isZero();
        assertThat(run(display, "start", "a")).isZero();
        String folder = home.getFileName().toString();
        assertThat(windows)
                .containsExactly(
                        folder + " -",
                        folder + " Request[machine=a, start=false]",
                        folder + " Request[machine=a, start=true]");
    }

    @Test
    void theHomeOptionWorksBeforeAndAfterTheCommand() {
        Path other = home.resolve("other home");
        assertThat(run("--home", other.toString(), "create", "--name", "a", "--memory", "64"))
                .isZero();
        assertThat(run("list", "--all", "--home", other.toString())).isZero();
        assertThat(output.toString(StandardCharsets.UTF_8)).contains("a ");
        assertThat(run("list", "--all")).isZero();
        assertThat(output.toString(StandardCharsets.UTF_8)).doesNotContain("off");
    }

    @Test
    void everyCommandHasHelp() {
        for (String command : new CommandLineApplication(new Surroundings(
                        (folder, request) -> 0,
                        Map.of(),
                        new ByteArrayInputStream(new byte[0]),
                        output,
                        new PrintWriter(errors, true)))
                .commandLine()
                .getSubcommands()
                .keySet()) {
            if (!UnavailableCommand.NAMES.contains(command)) {
                assertThat(run(command, "--help")).as(command).isZero();
                assertThat(output.toString(StandardCharsets.UTF_8)).contains("terrarium " + command);
            }
        }
        assertThat(run("--version")).isZero();
        assertThat(output.toString(StandardCharsets.UTF_8)).startsWith("Terrarium ");
    }
}
