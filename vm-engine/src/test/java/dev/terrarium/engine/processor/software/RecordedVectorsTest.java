// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;

final class RecordedVectorsTest {
    @Test
    void integerInstructionsDoWhatARealProcessorDid() throws IOException {
        assertThat(differences("integer-vectors.txt.gz")).isEmpty();
    }

    private static List<String> differences(String resource) throws IOException {
        try (InputStream packed = Objects.requireNonNull(RecordedVectorsTest.class.getResourceAsStream(resource));
                BufferedReader lines = new BufferedReader(
                        new InputStreamReader(new GZIPInputStream(packed), StandardCharsets.US_ASCII))) {
            return new RecordedVectors().differences(lines);
        }
    }

    /** Runs a file of vectors that is not part of the project: {@code main file.txt}. */
    static void main(String[] arguments) throws IOException {
        try (BufferedReader lines = java.nio.file.Files.newBufferedReader(java.nio.file.Path.of(arguments[0]))) {
            new RecordedVectors().differences(lines).forEach(System.out::println);
        }
    }
}
