// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.vnc;

import dev.terrarium.engine.device.CursorShape;
import dev.terrarium.engine.device.ScreenSource;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A screen with a picture of the test's choice, that notes keys and pointer motion. */
final class TestScreen implements Screen {
    final BlockingQueue<String> events = new LinkedBlockingQueue<>();
    final AtomicInteger captures = new AtomicInteger();
    private int width;
    private int height;
    private int[] pixels;
    private long generation;
    volatile String name = "test picture";
    volatile CursorShape cursor = CursorShape.NONE;

    TestScreen(int width, int height, int[] pixels) {
        this.width = width;
        this.height = height;
        this.pixels = pixels;
    }

    /** Colour bars, a grey ramp and a checkerboard: something a person recognises. */
    static TestScreen picture(int width, int height) {
        int[] colours = {0xFFFFFF, 0xFFFF00, 0x00FFFF, 0x00FF00, 0xFF00FF, 0xFF0000, 0x0000FF, 0x000000};
        int[] pixels = new int[width * height];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int ramp = 255 * x / (width - 1);
                pixels[y * width + x] = y < height / 2
                        ? colours[8 * x / width]
                        : y < 3 * height / 4
                                ? ramp << 16 | ramp << 8 | ramp
                                : (x / 8 + y / 8) % 2 == 0 ? 0x203040 : 0xE0D0C0;
            }
        }
        return new TestScreen(width, height, pixels);
    }

    synchronized void show(int newWidth, int newHeight, int[] newPixels) {
        width = newWidth;
        height = newHeight;
        pixels = newPixels;
        generation++;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public synchronized boolean capture(ScreenSource.Frame frame) {
        captures.incrementAndGet();
        if (frame.generation() == generation) {
            return false;
        }
        frame.resize(width, height);
        System.arraycopy(pixels, 0, frame.pixels(), 0, width * height);
        frame.setGeneration(generation);
        return true;
    }

    @Override
    public CursorShape cursor() {
        return cursor;
    }

    @Override
    public void key(int scanCode, boolean down) {
        events.add((down ? "press " : "release ") + Integer.toHexString(scanCode));
    }

    @Override
    public void movePointer(int dx, int dy, int wheel, int buttons) {
        events.add("move " + dx + " " + dy + " wheel " + wheel + " buttons " + buttons);
    }

    @Override
    public int leds() {
        return 2;
    }

    List<String> take(int count) throws InterruptedException {
        List<String> taken = new java.util.ArrayList<>();
        for (int i = 0; i < count; i++) {
            String event = events.poll(5, TimeUnit.SECONDS);
            if (event == null) {
                break;
            }
            taken.add(event);
        }
        return taken;
    }
}
