// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;

final class OracleVectorsTest {
    @Test
    void recordedProgramsEndAsOnTheHostTheyWereRecordedOn() throws IOException {
        replay("program-vectors.txt.gz", false);
    }

    @Test
    void recordedProgramsOfExtensionsEndAsOnTheHostTheyWereRecordedOn() throws IOException {
        replay("extension-vectors.txt.gz", true);
    }

    private static void replay(String resource, boolean extensions) throws IOException {
        try (InputStream packed = Objects.requireNonNull(OracleVectorsTest.class.getResourceAsStream(resource));
                BufferedReader lines = new BufferedReader(
                        new InputStreamReader(new GZIPInputStream(packed), StandardCharsets.US_ASCII))) {
            assertThat(OracleVectors.differences(lines, extensions)).isEmpty();
        }
    }
}
