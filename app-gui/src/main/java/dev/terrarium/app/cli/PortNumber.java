// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads an I/O port's number, as {@code 0xf4} or {@code 244}. */
final class PortNumber implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String value) {
        try {
            return Integer.decode(value);
        } catch (NumberFormatException e) {
            throw new TypeConversionException("\"" + value + "\" is no port number, write 0xf4 or 244");
        }
    }
}
