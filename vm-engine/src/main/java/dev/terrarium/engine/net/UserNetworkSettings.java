// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.net;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;

/**
 * What a user-mode network is like. Addresses are those that QEMU and VirtualBox users know.
 *
 * @param hostAllowed whether the gateway's address leads to this host's own loopback services
 * @param forwards ports of this host that lead to the guest
 */
public record UserNetworkSettings(boolean hostAllowed, List<Forward> forwards) {
    static final int NETWORK = Ipv4.address("10.0.2.0");
    static final int MASK = Ipv4.address("255.255.255.0");
    static final int GATEWAY = Ipv4.address("10.0.2.2");
    static final int NAME_SERVER = Ipv4.address("10.0.2.3");
    static final int GUEST = Ipv4.address("10.0.2.15");

    public UserNetworkSettings {
        forwards = List.copyOf(forwards);
    }

    /** The address that the guest is given. */
    public static String guestAddress() {
        return Ipv4.text(GUEST);
    }

    /** A port of this host that leads to one of the guest's. */
    public record Forward(Protocol protocol, InetAddress hostAddress, int hostPort, int guestPort) {
        public Forward {
            if (hostPort < 0 || hostPort > 0xFFFF || guestPort < 1 || guestPort > 0xFFFF) {
                throw new IllegalArgumentException("ports are 1 to 65535");
            }
        }

        InetSocketAddress host() {
            return new InetSocketAddress(hostAddress, hostPort);
        }

        @Override
        public String toString() {
            return protocol.name().toLowerCase(java.util.Locale.ROOT) + " " + hostAddress.getHostAddress() + ":"
                    + hostPort + " to " + guestPort;
        }
    }

    /** What can be forwarded. */
    public enum Protocol {
        TCP,
        UDP
    }
}
