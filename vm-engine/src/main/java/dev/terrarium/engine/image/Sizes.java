// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image;

import dev.terrarium.engine.TerrariumException;
import java.math.BigDecimal;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes as qemu-img writes them: bytes, or with one of the suffixes k, M, G, T, P, E for powers of 1024. */
public final class Sizes {
    private static final Pattern SIZE = Pattern.compile("(\\d{1,19}(?:\\.\\d{1,9})?)([bkmgtpe]?)");
    private static final String SUFFIXES = "bkmgtpe";

    private Sizes() {}

    /**
     * The bytes of a size.
     *
     * @throws TerrariumException if it is none
     */
    public static long parse(String text) throws TerrariumException {
        Matcher matcher = SIZE.matcher(text.strip().toLowerCase(Locale.ROOT));
        if (matcher.matches()) {
            int power = matcher.group(2).isEmpty() ? 0 : SUFFIXES.indexOf(matcher.group(2));
            BigDecimal bytes = new BigDecimal(matcher.group(1)).multiply(BigDecimal.valueOf(1L << 10 * power));
            if (bytes.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) <= 0) {
                return bytes.longValue();
            }
        }
        throw new TerrariumException("\"" + text + "\" is no size: write bytes, or a number with k, M, G or T");
    }
}
