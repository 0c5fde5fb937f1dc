// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software.floating;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Against correctly rounded values of 700-bit arithmetic (mpmath), with the x87's 66-bit pi. */
final class TranscendentalTest {
    private static final int DEFAULT_CONTROL = 0x37F;

    private final ExtendedArithmetic arithmetic = new ExtendedArithmetic();
    private final Transcendental functions = new Transcendental(arithmetic);

    @Test
    void resultsAreCorrectlyRounded() throws IOException {
        List<String> wrong = new ArrayList<>();
        int lines = 0;
        try (BufferedReader reader = new BufferedReader(new InputStreamReader(
                Objects.requireNonNull(TranscendentalTest.class.getResourceAsStream("transcendental.txt")),
                StandardCharsets.US_ASCII))) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                lines++;
                String[] fields = line.split(" ");
                calculate(
                        fields[0],
                        exponent(fields[1]),
                        significand(fields[1]),
                        exponent(fields[2]),
                        significand(fields[2]));
                String result = String.format("%04X:%016X", arithmetic.signExponent(), arithmetic.significand());
                if (!result.equals(fields[3])) {
                    wrong.add(line + " but " + result);
                }
            }
        }
        assertThat(lines).isGreaterThan(1000);
        assertThat(wrong).isEmpty();
    }

    private void calculate(String function, int seX, long x, int seY, long y) {
        arithmetic.begin(DEFAULT_CONTROL);
        switch (function) {
            case "FSIN" -> functions.sine(seX, x);
            case "FCOS" -> functions.cosine(seX, x);
            case "FPTAN" -> functions.tangent(seX, x);
            case "FPATAN" -> functions.arcTangent(seX, x, seY, y);
            case "F2XM1" -> functions.powerOfTwoLessOne(seX, x);
            case "FYL2X" -> functions.logarithm(seX, x, seY, y);
            default -> functions.logarithmPlusOne(seX, x, seY, y);
        }
    }

    private static int exponent(String number) {
        return Integer.parseInt(number.substring(0, 4), 16);
    }

    private static long significand(String number) {
        return Long.parseUnsignedLong(number.substring(5), 16);
    }
}
