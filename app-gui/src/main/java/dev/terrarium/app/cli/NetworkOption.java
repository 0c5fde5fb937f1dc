// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import dev.terrarium.engine.config.MacAddress;
import dev.terrarium.engine.config.MachineConfig.NetworkConfig;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** The value of {@code --network}: what the card is connected to, and {@code mac=ADDRESS} for one that was chosen. */
record NetworkOption(NetworkConfig.Kind kind, @Nullable String mac) implements ITypeConverter<NetworkOption> {
    /** For picocli, which makes its converters this way. */
    NetworkOption() {
        this(NetworkConfig.Kind.NONE, null);
    }

    @Override
    public NetworkOption convert(String value) {
        String[] parts = value.split(",", -1);
        NetworkConfig.Kind chosen = kind(parts[0]);
        String address = null;
        for (int i = 1; i < parts.length; i++) {
            if (!parts[i].startsWith("mac=")) {
                throw new TypeConversionException("\"" + parts[i] + "\" is nothing a network card has, use mac=");
            }
            address = address(parts[i].substring("mac=".length()));
        }
        return new NetworkOption(chosen, address);
    }

    private static NetworkConfig.Kind kind(String text) {
        return Arrays.stream(NetworkConfig.Kind.values())
                .filter(each -> word(each).equals(text))
                .findFirst()
                .orElseThrow(() -> new TypeConversionException("this version has no network \"" + text + "\", use "
                        + Arrays.stream(NetworkConfig.Kind.values())
                                .map(NetworkOption::word)
                                .collect(Collectors.joining(" or "))));
    }

    private static String word(NetworkConfig.Kind kind) {
        return kind.name().toLowerCase(Locale.ROOT);
    }

    private static String address(String text) {
        return MacAddress.of(text)
                .map(MacAddress::toString)
                .orElseThrow(() -> new TypeConversionException(
                        "\"" + text + "\" is no address of a network card, write one such as 52:54:00:12:34:56"));
    }

    NetworkConfig card() {
        return new NetworkConfig(kind, mac);
    }
}
