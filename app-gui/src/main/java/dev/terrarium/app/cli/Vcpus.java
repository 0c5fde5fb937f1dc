// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** The value of {@code --vcpus}: a number now, and the one it may grow to. */
record Vcpus(int count, int maximum) implements ITypeConverter<Vcpus> {
    private static final Pattern FORM = Pattern.compile("(\\d{1,4})(?:,max(?:vcpus)?=(\\d{1,4}))?");

    /** For picocli, which makes its converters this way. */
    Vcpus() {
        this(1, 1);
    }

    @Override
    public Vcpus convert(String value) {
        Matcher matcher = FORM.matcher(value);
        if (!matcher.matches()) {
            throw new TypeConversionException("\"" + value + "\" is no number of vCPUs, write 2 or 2,max=4");
        }
        int now = Integer.parseInt(matcher.group(1));
        int most = matcher.group(2) == null ? now : Integer.parseInt(matcher.group(2));
        if (most < now) {
            throw new TypeConversionException("the maximum of " + most + " vCPUs is less than " + now);
        }
        return new Vcpus(now, most);
    }
}
