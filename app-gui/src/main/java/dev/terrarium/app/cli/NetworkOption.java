// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app.cli;

import dev.terrarium.engine.config.MacAddress;
import dev.terrarium.engine.config.MachineConfig.NetworkConfig;
import dev.terrarium.engine.config.MachineConfig.PortForward;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * The value of {@code --network}: what the card is connected to, {@code mac=ADDRESS} for one that was chosen, and of a NAT network
 * {@code host=on} and {@code hostfwd=tcp:ADDRESS:PORT-:PORT}, as QEMU writes it.
 */
record NetworkOption(NetworkConfig card) implements ITypeConverter<NetworkOption> {
    private static final Pattern FORWARD =
            Pattern.compile("(tcp|udp):(?:\\[([^]]*)]|([^:\\[\\]]*)):(\\d{1,5})-:(\\d{1,5})");

    /** For picocli, which makes its converters this way. */
    NetworkOption() {
        this(new NetworkConfig(NetworkConfig.Kind.NONE));
    }

    @Override
    public NetworkOption convert(String value) {
        String[] parts = value.split(",", -1);
        NetworkConfig.Kind chosen = kind(parts[0]);
        boolean nat = chosen == NetworkConfig.Kind.NAT;
        @Nullable String address = null;
        boolean host = false;
        List<PortForward> forwards = new ArrayList<>();
        for (int i = 1; i < parts.length; i++) {
            String key = parts[i].replaceFirst("=.*", "");
            String text = parts[i].substring(Math.min(key.length() + 1, parts[i].length()));
            switch (key) {
                case "mac" -> address = address(text);
                case "host" -> host = nat(nat, key) && onOrOff(text);
                case "hostfwd" -> {
                    nat(nat, key);
                    forwards.add(forward(text));
                }
                default ->
                    throw new TypeConversionException(
                            "\"" + parts[i] + "\" is nothing a network card has, use mac= host= hostfwd=");
            }
        }
        return new NetworkOption(new NetworkConfig(chosen, address, host, forwards));
    }

    private static boolean nat(boolean nat, String key) {
        if (!nat) {
            throw new TypeConversionException(key + "= is for a NAT network, write nat," + key + "=");
        }
        return true;
    }

    private static boolean onOrOff(String text) {
        if (!text.equals("on") && !text.equals("off")) {
            throw new TypeConversionException("host= is on or off, not \"" + text + "\"");
        }
        return text.equals("on");
    }

    private static PortForward forward(String text) {
        Matcher matcher = FORWARD.matcher(text);
        if (!matcher.matches()) {
            throw new TypeConversionException(
                    "\"" + text + "\" forwards no port, write one such as tcp:127.0.0.1:2222-:22");
        }
        String address = matcher.group(2) != null ? matcher.group(2) : matcher.group(3);
        return new PortForward(
                PortForward.Protocol.valueOf(matcher.group(1).toUpperCase(Locale.ROOT)),
                address.isEmpty() ? "127.0.0.1" : address,
                Integer.parseInt(matcher.group(4)),
                Integer.parseInt(matcher.group(5)));
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
}
