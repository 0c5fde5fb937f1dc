// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.kvm;

import dev.terrarium.engine.processor.kvm.KvmReport.Grade;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The self-test's result for this host, tested once a boot: it is kept in the user's cache folder under the kernel's boot ID.
 * A KVM that could not be used is tested again every time, for a person may just have done what the reason asked for.
 */
public final class KvmHost {
    private static final Logger LOG = LoggerFactory.getLogger(KvmHost.class);
    private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");

    /** Changes when the self-test or what is kept of it does. */
    private static final String VERSION = "2";

    private static @Nullable KvmReport known;

    private KvmHost() {}

    /** What this host's KVM is good for. May take half a second the first time. */
    public static synchronized KvmReport report() {
        KvmReport report = known;
        if (report == null) {
            report = report(cacheFolder());
            known = report.grade() == Grade.UNUSABLE ? null : report;
        }
        return report;
    }

    /** The same with another folder to keep it in. */
    static KvmReport report(Path folder) {
        Optional<Path> file = bootId().map(boot -> folder.resolve("kvm-" + boot));
        Optional<KvmReport> kept =
                Files.isWritable(Path.of(KvmMachine.DEVICE)) ? file.flatMap(KvmHost::load) : Optional.empty();
        if (kept.isPresent()) {
            return kept.get();
        }
        KvmReport report = KvmSelfTest.run();
        if (report.grade() != Grade.UNUSABLE) {
            file.ifPresent(each -> save(report, each));
        }
        return report;
    }

    private static Path cacheFolder() {
        String named = System.getenv("XDG_CACHE_HOME");
        Path base =
                named == null || named.isBlank() ? Path.of(System.getProperty("user.home"), ".cache") : Path.of(named);
        return base.resolve("terrarium");
    }

    private static Optional<String> bootId() {
        try {
            return Optional.of(
                    Files.readString(BOOT_ID, StandardCharsets.US_ASCII).strip());
        } catch (IOException e) {
            LOG.debug("no boot ID", e);
            return Optional.empty();
        }
    }

    private static Optional<KvmReport> load(Path file) {
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        Properties values = new Properties();
        try (var reader = Files.newBufferedReader(file)) {
            values.load(reader);
            if (!VERSION.equals(values.getProperty("version"))) {
                return Optional.empty();
            }
            String missing = values.getProperty("missing", "");
            return Optional.of(new KvmReport(
                    Grade.valueOf(values.getProperty("grade", "")),
                    "",
                    missing.isEmpty() ? List.of() : List.of(missing.split(",")),
                    Double.parseDouble(values.getProperty("kernelRate", "")),
                    Double.parseDouble(values.getProperty("userRate", "")),
                    Double.parseDouble(values.getProperty("exitMicros", "")),
                    Boolean.parseBoolean(values.getProperty("controllers", ""))));
        } catch (IOException | IllegalArgumentException e) {
            LOG.debug("the self-test's earlier result {} is damaged", file, e);
            return Optional.empty();
        }
    }

    private static void save(KvmReport report, Path file) {
        Properties values = new Properties();
        values.setProperty("version", VERSION);
        values.setProperty("grade", report.grade().name());
        values.setProperty("missing", String.join(",", report.missing()));
        values.setProperty("kernelRate", Double.toString(report.kernelRate()));
        values.setProperty("userRate", Double.toString(report.userRate()));
        values.setProperty("exitMicros", Double.toString(report.exitMicros()));
        values.setProperty("controllers", Boolean.toString(report.controllers()));
        try {
            Files.createDirectories(file.getParent());
            Path written = Files.createTempFile(file.getParent(), "kvm", ".new");
            try (var writer = Files.newBufferedWriter(written)) {
                values.store(writer, "What Terrarium's self-test found out about /dev/kvm since this boot");
            }
            Files.move(written, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            LOG.debug("the self-test's result is not kept", e);
        }
    }
}
