// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import dev.terrarium.engine.config.CpuModel;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Locale;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads a processor model's name, as {@code x86-64-v2}; lists the names for a command's help. */
final class CpuModelName implements ITypeConverter<CpuModel>, Iterable<String> {
    @Override
    public CpuModel convert(String value) {
        return CpuModel.of(value.toLowerCase(Locale.ROOT))
                .orElseThrow(() -> new TypeConversionException("there is no processor model \"" + value
                        + "\", use one of "
                        + Arrays.stream(CpuModel.values()).map(CpuModel::id).collect(Collectors.joining(" "))));
    }

    @Override
    public Iterator<String> iterator() {
        return Arrays.stream(CpuModel.values()).map(CpuModel::id).iterator();
    }
}
