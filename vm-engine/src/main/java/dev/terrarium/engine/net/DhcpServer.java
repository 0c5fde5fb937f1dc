// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.net;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Gives the guest its one address (RFC 2131, options in RFC 2132). It keeps nothing: there is one guest and one address. */
final class DhcpServer {
    static final int SERVER_PORT = 67;
    static final int CLIENT_PORT = 68;

    private static final int REQUEST = 1;
    private static final int REPLY = 2;
    private static final int MAGIC_AT = 236;
    private static final int OPTIONS_AT = 240;
    private static final int MAGIC = 0x6382_5363;
    private static final int SHORTEST_REPLY = 300;
    private static final int LEASE_SECONDS = 86_400;

    private static final int PAD = 0;
    private static final int SUBNET_MASK = 1;
    private static final int ROUTER = 3;
    private static final int NAME_SERVER = 6;
    private static final int REQUESTED_ADDRESS = 50;
    private static final int LEASE_TIME = 51;
    private static final int MESSAGE_TYPE = 53;
    private static final int SERVER = 54;
    private static final int END = 255;

    private static final int DISCOVER = 1;
    private static final int OFFER = 2;
    private static final int ASKED = 3;
    private static final int ACKNOWLEDGED = 5;
    private static final int REFUSED = 6;
    private static final int INFORM = 8;

    private DhcpServer() {}

    /** The answer to a message, null if none is due. */
    static byte @Nullable [] answer(byte[] bytes, int at, int length) {
        if (length < OPTIONS_AT
                || bytes[at] != REQUEST
                || bytes[at + 1] != 1
                || bytes[at + 2] != 6
                || Octets.get32(bytes, at + MAGIC_AT) != MAGIC) {
            return null;
        }
        int type = 0;
        int wanted = Octets.get32(bytes, at + 12);
        int server = 0;
        int end = at + length;
        int option = at + OPTIONS_AT;
        while (option < end && Octets.get8(bytes, option) != END) {
            if (bytes[option] == PAD) {
                option++;
                continue;
            }
            int size = option + 1 < end ? Octets.get8(bytes, option + 1) : 0;
            if (option + 2 + size > end) {
                break;
            }
            switch (Octets.get8(bytes, option)) {
                case MESSAGE_TYPE -> type = size == 1 ? bytes[option + 2] : 0;
                case REQUESTED_ADDRESS -> wanted = size == 4 ? Octets.get32(bytes, option + 2) : wanted;
                case SERVER -> server = size == 4 ? Octets.get32(bytes, option + 2) : server;
                default -> {}
            }
            option += 2 + size;
        }
        byte[] request = Arrays.copyOfRange(bytes, at, at + OPTIONS_AT);
        return switch (type) {
            case DISCOVER -> reply(request, OFFER);
            case ASKED -> {
                if (server != 0 && server != UserNetworkSettings.GATEWAY) {
                    yield null;
                }
                yield reply(request, wanted == UserNetworkSettings.GUEST ? ACKNOWLEDGED : REFUSED);
            }
            case INFORM -> reply(request, ACKNOWLEDGED);
            default -> null;
        };
    }

    private static byte[] reply(byte[] request, int type) {
        byte[] reply = Arrays.copyOf(request, SHORTEST_REPLY);
        reply[0] = REPLY;
        // hops, secs; ciaddr and giaddr stay (RFC 2131, table 3).
        reply[3] = 0;
        Octets.put16(reply, 8, 0);
        boolean given = type != REFUSED;
        Octets.put32(reply, 16, given ? UserNetworkSettings.GUEST : 0);
        Octets.put32(reply, 20, given ? UserNetworkSettings.GATEWAY : 0);
        Arrays.fill(reply, 44, MAGIC_AT, (byte) 0);
        List<int[]> options = new ArrayList<>();
        options.add(new int[] {SERVER, UserNetworkSettings.GATEWAY});
        if (given) {
            options.add(new int[] {LEASE_TIME, LEASE_SECONDS});
            options.add(new int[] {SUBNET_MASK, UserNetworkSettings.MASK});
            options.add(new int[] {ROUTER, UserNetworkSettings.GATEWAY});
            options.add(new int[] {NAME_SERVER, UserNetworkSettings.NAME_SERVER});
        }
        int at = OPTIONS_AT;
        reply[at++] = MESSAGE_TYPE;
        reply[at++] = 1;
        reply[at++] = (byte) type;
        for (int[] option : options) {
            reply[at++] = (byte) option[0];
            reply[at++] = 4;
            Octets.put32(reply, at, option[1]);
            at += 4;
        }
        reply[at] = (byte) END;
        return reply;
    }
}
