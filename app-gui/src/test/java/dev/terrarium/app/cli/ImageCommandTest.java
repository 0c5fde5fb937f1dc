// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code terrarium image} beside qemu-img: the same words lead to the same images and the same answers. */
class ImageCommandTest {
    @TempDir
    Path folder;

    private ByteArrayOutputStream output = new ByteArrayOutputStream();
    private StringWriter errors = new StringWriter();

    private int image(String... arguments) {
        output = new ByteArrayOutputStream();
        errors = new StringWriter();
        List<String> all = new ArrayList<>(List.of("image"));
        for (String each : arguments) {
            all.add(each.startsWith("@") ? path(each) : each);
        }
        Surroundings surroundings = new Surroundings(
                (home, request) -> 0,
                Map.of("TERRARIUM_HOME", folder.resolve("home").toString()),
                new ByteArrayInputStream(new byte[0]),
                output,
                new PrintWriter(errors, true));
        return new CommandLineApplication(surroundings).run(all.toArray(String[]::new));
    }

    /** {@code @x} is the file x in this test's folder. */
    private String path(String name) {
        return folder.resolve(name.substring(1)).toString();
    }

    private void good(String... arguments) {
        assertThat(image(arguments)).as("%s: %s", List.of(arguments), errors).isZero();
    }

    private String text() {
        return output.toString(StandardCharsets.UTF_8);
    }

    private JsonNode json() throws Exception {
        return Json.MAPPER.readTree(output.toByteArray());
    }

    private String qemu(int status, String... arguments) throws Exception {
        List<String> command = new ArrayList<>();
        for (String each : arguments) {
            command.add(each.startsWith("@") ? path(each) : each);
        }
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as("%s: %s", command, said).isEqualTo(status);
        return said;
    }

    private byte[] content(int size) {
        byte[] bytes = new byte[size];
        Random random = new Random(5);
        for (int at = 0; at < size; at += 50_000) {
            byte[] part = new byte[random.nextInt(20_000)];
            if (random.nextBoolean()) {
                random.nextBytes(part);
            } else {
                Arrays.fill(part, (byte) 65);
            }
            System.arraycopy(part, 0, bytes, at, Math.min(part.length, size - at));
        }
        return bytes;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "qcow2|",
                "qcow2|compat=0.10",
                "qcow2|cluster_size=2M,refcount_bits=64",
                "qcow2|cluster_size=512",
                "qcow2|extended_l2=on",
                "qcow2|preallocation=metadata",
                "qcow2 -c|",
                "qcow2 -c|compression_type=zstd,cluster_size=128k",
                "raw|",
                "qcow2 -S 0|",
            })
    void convertBothWays(String format, String options) throws Exception {
        byte[] content = content(5_000_192);
        Files.write(folder.resolve("a.raw"), content);
        List<String> forth = new ArrayList<>(List.of("convert", "-p", "-f", "raw", "-O"));
        forth.addAll(List.of(format.split(" ")));
        if (options != null) {
            forth.addAll(List.of("-o", options));
        }
        forth.addAll(List.of("@a.raw", "@b"));
        good(forth.toArray(String[]::new));
        assertThat(errors.toString()).contains("100.0 %");
        String name = format.split(" ")[0];
        if (name.equals("qcow2")) {
            qemu(0, "qemu-img", "check", "@b");
        }
        qemu(0, "qemu-img", "compare", "-f", "raw", "-F", name, "@a.raw", "@b");
        good("compare", "-s", "-f", "raw", "-F", name, "@a.raw", "@b");
        good("convert", "-f", name, "-O", "raw", "-m", "3", "@b", "@c.raw");
        assertThat(Files.mismatch(folder.resolve("a.raw"), folder.resolve("c.raw")))
                .isEqualTo(-1);
        // qemu-img's own conversion, read by us.
        List<String> theirs = new ArrayList<>(forth);
        theirs.set(0, "convert");
        theirs.set(theirs.size() - 1, "@d");
        theirs.remove("-p");
        theirs.addFirst("qemu-img");
        qemu(0, theirs.toArray(String[]::new));
        good("compare", "-f", "raw", "-F", name, "@a.raw", "@d");
        good("convert", "-n", "-f", name, "-O", name, "@d", "@b");
        qemu(0, "qemu-img", "compare", "-f", "raw", "-F", name, "@a.raw", "@b");
    }

    @Test
    void infoMapAndCheckAnswerAsQemuImgDoes() throws Exception {
        Files.write(folder.resolve("base.raw"), content(3_000_320));
        qemu(0, "qemu-img", "create", "-f", "qcow2", "-b", "base.raw", "-F", "raw", "@mid.qcow2", "4M");
        qemu(0, "qemu-io", "-c", "write -P 7 100k 300k", "-c", "write -z 1M 256k", "@mid.qcow2");
        good("create", "-f", "qcow2", "-b", "mid.qcow2", "-F", "qcow2", "-o", "cluster_size=4k", "@top.qcow2");
        qemu(0, "qemu-io", "-c", "write -P 9 64k 64k", "-c", "write -c -P 3 512k 4k", "@top.qcow2");
        qemu(0, "qemu-img", "snapshot", "-c", "first", "@top.qcow2");
        for (String file : List.of("@top.qcow2", "@mid.qcow2")) {
            good("map", "--output=json", file);
            JsonNode ours = json();
            ours.forEach(each -> ((ObjectNode) each).remove("compressed"));
            assertThat(ours).isEqualTo(Json.MAPPER.readTree(qemu(0, "qemu-img", "map", "--output=json", file)));
            good("check", "--output=json", file);
            assertThat(json()).isEqualTo(Json.MAPPER.readTree(qemu(0, "qemu-img", "check", "--output=json", file)));
            good("check", file);
            assertThat(text()).isEqualTo(qemu(0, "qemu-img", "check", file));
            good("info", "--backing-chain", "--output=json", file);
            JsonNode info = json();
            JsonNode theirs =
                    Json.MAPPER.readTree(qemu(0, "qemu-img", "info", "--backing-chain", "--output=json", file));
            assertThat(info).hasSameSizeAs(theirs);
            for (int i = 0; i < info.size(); i++) {
                ((ObjectNode) info.get(i)).remove("actual-size");
                ((ObjectNode) theirs.get(i)).remove("actual-size");
            }
            assertThat(info).isEqualTo(theirs);
            good("snapshot", "-l", file);
            assertThat(text()).isEqualTo(qemu(0, "qemu-img", "snapshot", "-l", file));
        }
        good("map", "@mid.qcow2");
        assertThat(text()).isEqualTo(qemu(0, "qemu-img", "map", "@mid.qcow2"));
        good("info", "@top.qcow2");
        assertThat(text()).contains("virtual size: 4 MiB (4194304 bytes)", "cluster_size: 4096", "first");
    }

    @Test
    void rebaseAndCommitKeepTheDisk() throws Exception {
        byte[] content = content(2 << 20);
        Files.write(folder.resolve("one.raw"), content);
        Files.write(folder.resolve("other.raw"), Arrays.copyOf(content(3 << 20), 1 << 20));
        good("create", "-f", "qcow2", "-b", "one.raw", "-F", "raw", "@top.qcow2");
        qemu(0, "qemu-io", "-c", "write -P 9 64k 100k", "-c", "write -z 1M 128k", "@top.qcow2");
        qemu(0, "qemu-img", "convert", "-O", "raw", "@top.qcow2", "@before.raw");
        good("rebase", "-b", "other.raw", "-F", "raw", "@top.qcow2");
        qemu(0, "qemu-img", "check", "@top.qcow2");
        qemu(0, "qemu-img", "compare", "-f", "raw", "@before.raw", "@top.qcow2");
        assertThat(qemu(0, "qemu-img", "info", "@top.qcow2")).contains("backing file: other.raw");
        good("commit", "@top.qcow2");
        qemu(0, "qemu-img", "check", "@top.qcow2");
        qemu(0, "qemu-img", "compare", "-f", "raw", "-F", "raw", "@before.raw", "@other.raw");
        qemu(0, "qemu-img", "compare", "-f", "raw", "@before.raw", "@top.qcow2");
        assertThat(qemu(0, "qemu-img", "check", "@top.qcow2")).doesNotContain("allocated");
        Files.move(folder.resolve("other.raw"), folder.resolve("moved.raw"));
        assertThat(image("convert", "@top.qcow2", "@x")).isEqualTo(1);
        assertThat(errors.toString()).contains("other.raw, which does not exist");
        good("rebase", "-u", "-b", "moved.raw", "-F", "raw", "@top.qcow2");
        qemu(0, "qemu-img", "compare", "-f", "raw", "@before.raw", "@top.qcow2");
        good("rebase", "-b", "", "@top.qcow2");
        Files.delete(folder.resolve("moved.raw"));
        qemu(0, "qemu-img", "check", "@top.qcow2");
        qemu(0, "qemu-img", "compare", "-f", "raw", "@before.raw", "@top.qcow2");
    }

    @Test
    void snapshotsAndSizes() throws Exception {
        good("create", "-q", "-f", "qcow2", "@a.qcow2", "1M");
        qemu(0, "qemu-io", "-c", "write -P 1 0 64k", "@a.qcow2");
        good("snapshot", "-c", "s1", "@a.qcow2");
        qemu(0, "qemu-io", "-c", "write -P 2 0 64k", "@a.qcow2");
        good("convert", "-l", "s1", "-O", "raw", "@a.qcow2", "@s1.raw");
        assertThat(Files.readAllBytes(folder.resolve("s1.raw"))[0]).isEqualTo((byte) 1);
        good("snapshot", "-a", "s1", "@a.qcow2");
        qemu(0, "qemu-io", "-c", "read -P 1 0 64k", "@a.qcow2");
        good("resize", "@a.qcow2", "+1M");
        assertThat(text()).contains("Image resized.");
        assertThat(image("resize", "@a.qcow2", "512k")).isEqualTo(1);
        assertThat(errors.toString()).contains("--shrink");
        good("resize", "--shrink", "@a.qcow2", "512k");
        good("snapshot", "-d", "s1", "@a.qcow2");
        qemu(0, "qemu-img", "check", "@a.qcow2");
        assertThat(qemu(0, "qemu-img", "info", "@a.qcow2"))
                .contains("524288 bytes")
                .doesNotContain("s1");
        Files.write(folder.resolve("r"), new byte[4096]);
        good("resize", "-f", "raw", "@r", "1G");
        assertThat(Files.size(folder.resolve("r"))).isEqualTo(1 << 30);
    }

    @Test
    void compareTellsByItsStatus() throws Exception {
        Files.write(folder.resolve("a"), new byte[1 << 20]);
        Files.write(folder.resolve("b"), new byte[2 << 20]);
        good("compare", "@a", "@b");
        assertThat(image("compare", "-s", "@a", "@b")).isEqualTo(1);
        byte[] one = new byte[1 << 20];
        one[70_000] = 1;
        Files.write(folder.resolve("c"), one);
        assertThat(image("compare", "@a", "@c")).isEqualTo(1);
        assertThat(text()).contains("Content mismatch at offset 70000!");
        assertThat(image("compare", "@a", "@none")).isEqualTo(2);
    }

    @Test
    void checkMendsAndTellsByItsStatus() throws Exception {
        good("create", "-f", "qcow2", "@a", "1M");
        qemu(0, "qemu-io", "-c", "write -P 1 0 64k", "@a");
        try (java.nio.channels.FileChannel file =
                java.nio.channels.FileChannel.open(folder.resolve("a"), java.nio.file.StandardOpenOption.WRITE)) {
            // The refcount of a cluster that nothing uses.
            java.nio.ByteBuffer one = java.nio.ByteBuffer.wrap(new byte[] {0, 1});
            String map = qemu(0, "qemu-img", "check", "@a");
            long end = Long.parseLong(map.substring(map.lastIndexOf(' ') + 1).strip()) >> 16;
            file.write(one, (2L << 16) + end * 2);
        }
        assertThat(image("check", "@a")).isEqualTo(3);
        assertThat(text()).contains("leaked: cluster", "1 leaked clusters");
        good("check", "-r", "leaks", "@a");
        qemu(0, "qemu-img", "check", "@a");
    }

    @Test
    void strangersNeedConsentAndErrorsAreOneLine(@TempDir Path elsewhere) throws Exception {
        Path secret = Files.write(elsewhere.resolve("secret"), new byte[1 << 20]);
        qemu(0, "qemu-img", "create", "-f", "qcow2", "-b", secret.toString(), "-F", "raw", "@evil");
        assertThat(image("convert", "@evil", "@x")).isEqualTo(1);
        assertThat(errors.toString().lines()).hasSize(1);
        assertThat(errors.toString()).contains("outside its folder");
        assertThat(folder.resolve("x")).doesNotExist();
        good("convert", "--allow", elsewhere.toString(), "@evil", "@x");
        assertThat(image("create", "-f", "qcow2", "-o", "colour=red", "@y", "1M"))
                .isEqualTo(1);
        assertThat(errors.toString()).contains("no option \"colour\"");
        assertThat(folder.resolve("y")).doesNotExist();
        assertThat(image("create", "-f", "qcow3", "@y", "1M")).isEqualTo(1);
        assertThat(image("convert", "-c", "-O", "raw", "@x", "@y")).isEqualTo(1);
        assertThat(errors.toString()).contains("cannot be compressed");
        assertThat(folder.resolve("y")).doesNotExist();
        assertThat(image()).isEqualTo(2);
        good("create", "-f", "qcow2", "-o", "help");
    }
}
