// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.virtio.net;

import dev.terrarium.engine.device.StateCheck;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashSet;
import java.util.Set;

/** Which frames a card takes, as the driver says by commands (VIRTIO 1.2, sections 5.1.6.5.1 and 5.1.6.5.2). */
final class ReceiveFilter {
    /** Bytes of an address. */
    static final int ADDRESS_BYTES = 6;

    /** The most addresses of a table; a longer one lets all of its kind pass. */
    private static final int MOST_ADDRESSES = 64;

    private static final long BROADCAST = 0xFFFF_FFFF_FFFFL;
    private static final long GROUP = 1L << 40;

    /** The addresses are 48-bit numbers, the first byte the highest. */
    record State(long address, boolean all, boolean allMulticast, long[] table) {}

    private final long ownAddress;
    private final Set<Long> table = new HashSet<>();
    private long address;
    private boolean all;
    private boolean allMulticast;

    ReceiveFilter(byte[] mac) {
        ownAddress = read(mac, 0);
        reset();
    }

    void reset() {
        address = ownAddress;
        table.clear();
        all = true;
        allMulticast = false;
    }

    static long read(byte[] bytes, int offset) {
        long value = 0;
        for (int i = 0; i < ADDRESS_BYTES; i++) {
            value = value << 8 | bytes[offset + i] & 0xFF;
        }
        return value;
    }

    /** A byte of the card's address. */
    int addressByte(int index) {
        return (int) (address >>> 8 * (ADDRESS_BYTES - 1 - index)) & 0xFF;
    }

    boolean takes(byte[] frame) {
        long destination = read(frame, 0);
        return all
                || destination == address
                || destination == BROADCAST
                || allMulticast && (destination & GROUP) != 0
                || table.contains(destination);
    }

    void setAll(boolean on) {
        all = on;
    }

    void setAllMulticast(boolean on) {
        allMulticast = on;
    }

    void setAddress(long newAddress) {
        address = newAddress;
    }

    /** Replaces the table by a command's: two lists, each with its length before it; false if it is not whole. */
    boolean setTable(ByteBuffer command) {
        ByteBuffer lists = command.order(ByteOrder.LITTLE_ENDIAN);
        Set<Long> addresses = new HashSet<>();
        for (int list = 0; list < 2; list++) {
            if (lists.remaining() < Integer.BYTES) {
                return false;
            }
            long count = Integer.toUnsignedLong(lists.getInt());
            if (count > lists.remaining() / ADDRESS_BYTES) {
                return false;
            }
            for (long i = 0; i < count; i++) {
                byte[] each = new byte[ADDRESS_BYTES];
                lists.get(each);
                addresses.add(read(each, 0));
            }
        }
        table.clear();
        if (addresses.size() > MOST_ADDRESSES) {
            all = true; // more than asked for is allowed, less is not
        } else {
            table.addAll(addresses);
        }
        return true;
    }

    State save() {
        return new State(
                address,
                all,
                allMulticast,
                table.stream().sorted().mapToLong(Long::longValue).toArray());
    }

    static void check(State state) {
        StateCheck.range("address", state.address, 0, BROADCAST);
        StateCheck.range("addresses", state.table.length, 0, MOST_ADDRESSES);
        long before = -1;
        for (long each : state.table) {
            StateCheck.range("address in order", each, before + 1, BROADCAST);
            before = each;
        }
    }

    void restore(State state) {
        address = state.address;
        all = state.all;
        allMulticast = state.allMulticast;
        table.clear();
        for (long each : state.table) {
            table.add(each);
        }
    }
}
