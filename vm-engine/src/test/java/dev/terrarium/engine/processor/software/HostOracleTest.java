// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terrarium.engine.posix.PosixException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Random programs on the software processor and on the host's own, from the same state. {@code -Dseed=S} and
 * {@code -Doracle.instructions=N} choose others and more; where /dev/kvm does not open, {@link OracleVectorsTest} stands in.
 */
final class HostOracleTest {
    private static final int MOST_INSTRUCTIONS = 12;
    private static final int MOST_REPORTS = 40;

    @Test
    void randomProgramsEndAsOnTheHost() throws IOException {
        long seed = Long.getLong("seed", 20261120L);
        long budget = Long.getLong("oracle.instructions", 100_000);
        System.out.println("oracle: seed " + seed + ", " + budget + " instructions");
        List<String> reports = new ArrayList<>();
        try (HostOracle host = openHost();
                SoftwareOracle software = new SoftwareOracle()) {
            if (!host.hasCompatibilityMode()) {
                System.out.println("oracle: this host's KVM does not run 32-bit code; 64-bit only");
            }
            FeatureSet features = host.features();
            boolean approximations = host.approximatesAsIntel();
            System.out.printf("oracle: host features %X of %X%n", features.bits(), FeatureSet.BEST.bits());
            long done = 0;
            for (long program = 0; done < budget && reports.size() < MOST_REPORTS; program++) {
                OracleGenerator generator = new OracleGenerator(seed, program, host.hasCompatibilityMode());
                generator.extendTo(features, approximations);
                OracleState before = generator.extensionState();
                OracleSequence sequence = generator.sequence(MOST_INSTRUCTIONS);
                done += sequence.steps().size();
                String differences = compare(host, software, sequence, before);
                if (!differences.isEmpty()) {
                    // A nested KVM that had to emulate something may stay with its emulator: ask a fresh one.
                    host.restart();
                    differences = compare(host, software, sequence, before);
                }
                if (!differences.isEmpty()) {
                    reports.add("program " + program + " " + shortest(host, software, sequence, before));
                }
            }
        }
        assertThat(reports).as("seed %d", seed).isEmpty();
    }

    private static HostOracle openHost() throws IOException {
        try {
            return new HostOracle();
        } catch (PosixException e) {
            System.out.println("oracle: skipped, no usable /dev/kvm: " + e.getMessage());
            assumeTrue(false, "no usable /dev/kvm: " + e.getMessage());
            throw e;
        }
    }

    private static String compare(HostOracle host, SoftwareOracle software, OracleSequence sequence, OracleState before)
            throws IOException {
        OracleState expected = host.run(sequence, before);
        return software.run(sequence, before).differences(expected, sequence);
    }

    /** The shortest start of the program that already ends differently. */
    private static String shortest(
            HostOracle host, SoftwareOracle software, OracleSequence sequence, OracleState before) throws IOException {
        for (int count = 1; count <= sequence.steps().size(); count++) {
            OracleSequence start = sequence.firstSteps(count);
            String differences = compare(host, software, start, before);
            if (!differences.isEmpty()) {
                return start.describe() + "\n" + differences;
            }
        }
        return sequence.describe() + "\n  differs only as a whole";
    }
}
