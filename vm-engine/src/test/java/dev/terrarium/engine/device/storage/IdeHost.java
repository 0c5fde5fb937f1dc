// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.storage;

import dev.terrarium.engine.device.RegisterWindow;
import java.util.Optional;

/** A driver's view of one channel. */
final class IdeHost {
    boolean irq;
    int edges;
    final IdeChannel channel;
    final RegisterWindow command;
    final RegisterWindow control;

    IdeHost(Optional<IdeDrive> drive0, Optional<IdeDrive> drive1) {
        channel = new IdeChannel("ide0", this::setIrq, drive0, drive1);
        command = channel.commandBlock();
        control = channel.controlBlock();
        channel.reset();
    }

    private void setIrq(boolean asserted) {
        if (asserted && !irq) {
            edges++;
        }
        irq = asserted;
    }

    void out(int port, int value) {
        command.write(port, 1, value);
    }

    int in(int port) {
        return (int) command.read(port, 1);
    }

    int alternateStatus() {
        return (int) control.read(0, 1);
    }

    void lba28(int code, long lba, int count) {
        out(2, count);
        out(3, (int) lba & 0xFF);
        out(4, (int) (lba >> 8) & 0xFF);
        out(5, (int) (lba >> 16) & 0xFF);
        out(6, 0xE0 | (int) (lba >> 24) & 0xF);
        out(7, code);
    }

    void lba48(int code, long lba, int count) {
        out(6, 0x40);
        out(2, count >> 8);
        out(3, (int) (lba >> 24) & 0xFF);
        out(4, (int) (lba >> 32) & 0xFF);
        out(5, (int) (lba >> 40) & 0xFF);
        out(2, count & 0xFF);
        out(3, (int) lba & 0xFF);
        out(4, (int) (lba >> 8) & 0xFF);
        out(5, (int) (lba >> 16) & 0xFF);
        out(7, code);
    }

    byte[] readData(int length) {
        byte[] data = new byte[length];
        for (int i = 0; i < length; i += 2) {
            int word = (int) command.read(0, 2);
            data[i] = (byte) word;
            data[i + 1] = (byte) (word >> 8);
        }
        return data;
    }

    void writeData(byte[] data, int offset, int length) {
        for (int i = offset; i < offset + length; i += 2) {
            command.write(0, 2, data[i] & 0xFF | (data[i + 1] & 0xFF) << 8);
        }
    }

    void packet(int features, int byteCount, int... bytes) {
        out(1, features);
        out(4, byteCount & 0xFF);
        out(5, byteCount >> 8);
        out(6, 0xA0);
        out(7, 0xA0);
        byte[] packet = new byte[12];
        for (int i = 0; i < bytes.length; i++) {
            packet[i] = (byte) bytes[i];
        }
        writeData(packet, 0, 12);
    }
}
