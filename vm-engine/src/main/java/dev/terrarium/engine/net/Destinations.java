// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.net;

import java.net.InetSocketAddress;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Where on the host's side an address leads that the guest sends to. This host's loopback is reached through the gateway's address
 * alone, and only if that is allowed; addresses that mean "this host" or "this link" to the host's sockets lead nowhere.
 */
final class Destinations {
    private static final int DOMAIN = 53;

    private final boolean hostAllowed;
    private final Supplier<InetSocketAddress> nameServer;

    /** @param nameServer the host's own */
    Destinations(boolean hostAllowed, Supplier<InetSocketAddress> nameServer) {
        this.hostAllowed = hostAllowed;
        this.nameServer = nameServer;
    }

    /** The host's socket address for one of the guest's; null if it leads nowhere. */
    @Nullable
    InetSocketAddress of(int address, int port) {
        if (port == 0) {
            return null;
        }
        if (address == UserNetworkSettings.NAME_SERVER) {
            return port == DOMAIN ? nameServer.get() : null;
        }
        if (address == UserNetworkSettings.GATEWAY) {
            return hostAllowed ? new InetSocketAddress(Ipv4.inet(0x7F00_0001), port) : null;
        }
        return leadsOut(address) ? new InetSocketAddress(Ipv4.inet(address), port) : null;
    }

    /** Whether an address is one of another host, somewhere. */
    static boolean leadsOut(int address) {
        int first = address >>> 24;
        return (address & UserNetworkSettings.MASK) != UserNetworkSettings.NETWORK
                && first != 0
                && first != 127
                && first < 224
                && address >>> 16 != 0xA9FE;
    }
}
