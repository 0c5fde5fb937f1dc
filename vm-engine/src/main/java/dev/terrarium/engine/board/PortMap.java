// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.board;

import dev.terrarium.engine.device.PortBus;
import dev.terrarium.engine.device.RegisterWindow;
import dev.terrarium.engine.processor.Ports;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** The I/O port space: who answers at each port, the latest mapping first. Ports nobody answers read as all ones. */
final class PortMap implements PortBus, Ports {
    private static final int COUNT = 0x1_0000;

    private final ReentrantLock boardLock;
    private final @Nullable Entry[] table = new Entry[COUNT];
    private final List<Entry> entries = new ArrayList<>();

    private record Entry(int base, int count, RegisterWindow window) {}

    PortMap(ReentrantLock boardLock) {
        this.boardLock = boardLock;
    }

    @Override
    public Mapping map(int base, int count, RegisterWindow window) {
        Entry entry = new Entry(base & 0xFFFF, Math.min(count, COUNT - (base & 0xFFFF)), window);
        entries.add(entry);
        fill(entry);
        return () -> {
            if (entries.removeIf(each -> each == entry)) {
                for (int port = entry.base; port < entry.base + entry.count; port++) {
                    table[port] = null;
                }
                entries.forEach(this::fill);
            }
        };
    }

    private void fill(Entry entry) {
        for (int port = entry.base; port < entry.base + entry.count; port++) {
            table[port] = entry;
        }
    }

    @Override
    public int in(int port, int size) {
        Entry entry = table[port & 0xFFFF];
        if (entry == null) {
            return -1;
        }
        boardLock.lock();
        try {
            return (int) entry.window.read((port & 0xFFFF) - entry.base, size);
        } finally {
            boardLock.unlock();
        }
    }

    @Override
    public void out(int port, int size, int value) {
        Entry entry = table[port & 0xFFFF];
        if (entry == null) {
            return;
        }
        boardLock.lock();
        try {
            entry.window.write((port & 0xFFFF) - entry.base, size, value & 0xFFFF_FFFFL);
        } finally {
            boardLock.unlock();
        }
    }
}
