// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.board;

import dev.terrarium.engine.device.CursorShape;
import dev.terrarium.engine.device.ScreenSource;
import dev.terrarium.engine.vnc.Screen;
import java.util.concurrent.locks.ReentrantLock;

/** A board's screen, keyboard and pointer for those outside: takes the board's lock, and is dead when the board is. */
final class BoardScreen implements Screen {
    private final String name;
    private final ReentrantLock lock;
    private final PersonalComputer computer;
    private boolean closed;

    BoardScreen(String name, ReentrantLock lock, PersonalComputer computer) {
        this.name = name;
        this.lock = lock;
        this.computer = computer;
    }

    /** From now on nothing reaches the computer, whose memory is about to go. */
    void close() {
        lock.lock();
        try {
            closed = true;
        } finally {
            lock.unlock();
        }
    }

    /** The size of the picture, whether or not somebody looks; 0x0 when the board is closed. */
    ScreenSource.Size size() {
        lock.lock();
        try {
            return closed ? new ScreenSource.Size(0, 0) : computer.screen().size();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public boolean capture(ScreenSource.Frame frame) {
        lock.lock();
        try {
            return !closed && computer.screen().capture(frame);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public CursorShape cursor() {
        lock.lock();
        try {
            return closed ? CursorShape.NONE : computer.screen().cursor();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void key(int scanCode, boolean down) {
        lock.lock();
        try {
            if (!closed) {
                computer.keyboard().key(scanCode, down);
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void movePointer(int dx, int dy, int wheel, int buttons) {
        lock.lock();
        try {
            if (!closed) {
                computer.pointer().move(dx, dy, wheel, buttons);
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public int leds() {
        lock.lock();
        try {
            return closed ? 0 : computer.keyboard().leds();
        } finally {
            lock.unlock();
        }
    }
}
