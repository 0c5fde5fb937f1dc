// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.bench;

import dev.terrarium.engine.Progress;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.disk.ConvertRequest;
import dev.terrarium.engine.disk.DiskImages;
import dev.terrarium.engine.disk.ImageSource;
import dev.terrarium.engine.image.AllowedFolders;
import dev.terrarium.engine.image.DiskImage;
import dev.terrarium.engine.image.ImageFormats;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * {@code bench/run images}: disk images against qemu-img on the same file system, by turns. Conversions are timed whole; single
 * requests, one at a time, as {@code qemu-img bench -d 1} does them and times itself.
 */
@Command(
        name = "images",
        mixinStandardHelpOptions = true,
        description = "Compares conversions and single requests of qcow2 images with qemu-img's.")
final class ImagesCommand implements Callable<Integer> {
    private static final int MEBIBYTE = 1 << 20;
    private static final int PAGE = 4096;

    /** Co-prime to the disk's pages, so that a walk touches clusters far from each other. */
    private static final long STRIDE = 257L * PAGE;

    private static final int REQUESTS = 40_000;
    private static final Pattern COMPLETED = Pattern.compile("Run completed in ([0-9.]+) seconds");

    @Parameters(index = "0", arity = "0..1", paramLabel = "ROUNDS", description = "Rounds after the warm-up (5).")
    private int rounds = 5;

    @Option(names = "--size", paramLabel = "MIB", description = "Size of the disk, half of it data (${DEFAULT-VALUE}).")
    private int mebibytes = 512;

    private Path folder = Path.of("");

    /** Something to be timed on both sides; each returns seconds. */
    private record Comparison(String name, Timed ours, Timed theirs) {}

    @FunctionalInterface
    private interface Timed {
        double seconds() throws TerrariumException, BenchException, IOException, InterruptedException;
    }

    @Override
    public Integer call() throws TerrariumException, BenchException, IOException, InterruptedException {
        Circumstances circumstances = Circumstances.begin();
        folder = Files.createTempDirectory(Path.of("").toAbsolutePath().resolve("bench/target"), "images");
        try {
            makeSource();
            Table table = new Table("row", "Terrarium, s", "qemu-img, s", "speed, times theirs");
            List<Double> speeds = new ArrayList<>();
            for (Comparison row : rows()) {
                List<Double> ours = new ArrayList<>();
                List<Double> theirs = new ArrayList<>();
                for (int round = 0; round <= rounds; round++) {
                    double mine = row.ours.seconds();
                    double other = row.theirs.seconds();
                    if (round > 0) {
                        ours.add(mine);
                        theirs.add(other);
                    }
                }
                double speed = Figures.median(theirs) / Figures.median(ours);
                speeds.add(speed);
                table.add(row.name, text(Figures.median(ours)), text(Figures.median(theirs)), text(speed));
            }
            table.add("geometric mean", "", "", text(Figures.geometricMean(speeds)));
            System.out.print(table.text());
            System.out.println(
                    String.join("\n", circumstances.end("bench/run images " + rounds + " --size " + mebibytes)));
            return 0;
        } finally {
            try (var files = Files.list(folder)) {
                for (Path each : files.toList()) {
                    Files.delete(each);
                }
            }
            Files.delete(folder);
        }
    }

    private static String text(double value) {
        return String.format(Locale.ROOT, "%.3f", value);
    }

    private List<Comparison> rows() {
        return List.of(
                new Comparison(
                        "convert raw to qcow2",
                        () -> converted("raw", "a.raw", "qcow2", false),
                        () -> qemuConverted("raw", "a.raw", "qcow2", false)),
                new Comparison(
                        "convert qcow2 to raw",
                        () -> converted("qcow2", "a.qcow2", "raw", false),
                        () -> qemuConverted("qcow2", "a.qcow2", "raw", false)),
                new Comparison(
                        "convert raw to qcow2, compressed",
                        () -> converted("raw", "a.raw", "qcow2", true),
                        () -> qemuConverted("raw", "a.raw", "qcow2", true)),
                requests("4 KiB reads, allocated", PAGE, STRIDE, REQUESTS, false, false),
                requests("4 KiB writes, allocated", PAGE, STRIDE, REQUESTS, true, false),
                requests("4 KiB writes, not allocated", PAGE, STRIDE, mebibytes, true, true),
                requests("1 MiB reads in order", MEBIBYTE, MEBIBYTE, mebibytes, false, false),
                requests("1 MiB writes in order, allocated", MEBIBYTE, MEBIBYTE, mebibytes, true, false),
                requests("1 MiB writes in order, not allocated", MEBIBYTE, MEBIBYTE, mebibytes, true, true));
    }

    /** A raw disk, every other MiB of which is text and noise, and the same as qcow2 without holes. */
    private void makeSource() throws BenchException, IOException, InterruptedException {
        Random random = new Random(1);
        byte[] block = new byte[MEBIBYTE];
        try (FileChannel raw =
                FileChannel.open(folder.resolve("a.raw"), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            for (int n = 0; n < mebibytes; n += 2) {
                random.nextBytes(block);
                for (int at = 0; at < MEBIBYTE / 2; at++) {
                    block[at] = (byte) ('a' + (block[at] & 7));
                }
                raw.write(ByteBuffer.wrap(block), (long) n * MEBIBYTE);
            }
            raw.write(ByteBuffer.wrap(new byte[1]), (long) mebibytes * MEBIBYTE - 1);
        }
        run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", "-S", "0", "a.raw", "a.qcow2");
    }

    private double converted(String from, String source, String to, boolean compress)
            throws TerrariumException, IOException {
        Path target = folder.resolve("ours");
        Files.deleteIfExists(target);
        ConvertRequest request = new ConvertRequest(
                new ImageSource(folder.resolve(source), from, List.of()),
                Optional.empty(),
                target,
                to,
                Map.of(),
                compress,
                8,
                PAGE,
                true);
        long start = System.nanoTime();
        DiskImages.convert(request, Progress.NONE);
        return (System.nanoTime() - start) / 1e9;
    }

    private double qemuConverted(String from, String source, String to, boolean compress)
            throws BenchException, IOException, InterruptedException {
        Files.deleteIfExists(folder.resolve("theirs"));
        List<String> command = new ArrayList<>(
                List.of("qemu-img", "convert", "-t", "writeback", "-f", from, "-O", to, source, "theirs"));
        if (compress) {
            command.add(2, "-c");
        }
        long start = System.nanoTime();
        run(command.toArray(String[]::new));
        return (System.nanoTime() - start) / 1e9;
    }

    /** Requests of {@code length} bytes, each {@code step} bytes on; of an empty disk if {@code fresh}. */
    private Comparison requests(String name, int length, long step, int count, boolean write, boolean fresh) {
        return new Comparison(
                name,
                () -> {
                    Path image = prepared("ours", fresh);
                    try (DiskImage disk = ImageFormats.open(image, "qcow2", !write, AllowedFolders.own())) {
                        ByteBuffer buffer = ByteBuffer.allocate(length);
                        long start = System.nanoTime();
                        long position = 0;
                        for (int n = 0; n < count; n++) {
                            buffer.clear();
                            if (write) {
                                disk.write(buffer, position);
                            } else {
                                disk.read(buffer, position);
                            }
                            position += step;
                            if (position > disk.size() - length) {
                                position -= disk.size() - length;
                                position &= -PAGE;
                            }
                        }
                        return (System.nanoTime() - start) / 1e9;
                    }
                },
                () -> {
                    Path image = prepared("theirs", fresh);
                    List<String> command = new ArrayList<>(List.of(
                            "qemu-img",
                            "bench",
                            "-f",
                            "qcow2",
                            "-d",
                            "1",
                            "-c",
                            Integer.toString(count),
                            "-s",
                            Integer.toString(length),
                            "-S",
                            Long.toString(step),
                            image.toString()));
                    if (write) {
                        command.add(2, "-w");
                    }
                    Matcher matcher = COMPLETED.matcher(run(command.toArray(String[]::new)));
                    if (!matcher.find()) {
                        throw new BenchException("qemu-img bench does not say how long it took");
                    }
                    return Double.parseDouble(matcher.group(1));
                });
    }

    private Path prepared(String name, boolean fresh) throws BenchException, IOException, InterruptedException {
        Path image = folder.resolve(name + ".qcow2");
        if (fresh) {
            Files.deleteIfExists(image);
            run("qemu-img", "create", "-f", "qcow2", image.getFileName().toString(), mebibytes + "M");
            return image;
        }
        return folder.resolve("a.qcow2");
    }

    private String run(String... command) throws BenchException, IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new BenchException(String.join(" ", command) + " failed: " + output.strip());
        }
        return output;
    }
}
