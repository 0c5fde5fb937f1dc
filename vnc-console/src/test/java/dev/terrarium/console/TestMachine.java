// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.console;

import dev.terrarium.engine.ConsoleStream;
import dev.terrarium.engine.MachineEnd;
import dev.terrarium.engine.MachineListener;
import dev.terrarium.engine.MachineState;
import dev.terrarium.engine.MachineStatistics;
import dev.terrarium.engine.Progress;
import dev.terrarium.engine.Screenshot;
import dev.terrarium.engine.Snapshots;
import dev.terrarium.engine.StartOptions;
import dev.terrarium.engine.VirtualMachine;
import dev.terrarium.engine.config.MachineConfig;
import dev.terrarium.engine.device.CursorShape;
import dev.terrarium.engine.device.ScreenSource;
import dev.terrarium.engine.library.MemoryConsole;
import dev.terrarium.engine.vnc.RfbServer;
import dev.terrarium.engine.vnc.Screen;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A machine that is nothing but a screen with a picture of the test's choice, behind the real RFB server. */
final class TestMachine implements VirtualMachine, Screen, AutoCloseable {
    final BlockingQueue<String> events = new LinkedBlockingQueue<>();
    private final List<MachineListener> listeners = new CopyOnWriteArrayList<>();
    private RfbServer server = new RfbServer(this);
    volatile CursorShape cursor = CursorShape.NONE;
    private volatile MachineState state = MachineState.OFF;
    private int width;
    private int height;
    private int[] pixels;
    private long generation;

    TestMachine(int width, int height, int[] pixels) {
        this.width = width;
        this.height = height;
        this.pixels = pixels;
    }

    /** Colour bars, a grey ramp and a checkerboard. */
    static int[] picture(int width, int height) {
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
        return pixels;
    }

    synchronized void show(int newWidth, int newHeight, int[] newPixels) {
        width = newWidth;
        height = newHeight;
        pixels = newPixels;
        generation++;
    }

    void become(MachineState newState) {
        state = newState;
        listeners.forEach(listener -> listener.stateChanged(this, newState));
    }

    /** Throws all viewers out. */
    void restartServer() {
        server.close();
        server = new RfbServer(this);
    }

    List<String> take(int count) throws InterruptedException {
        List<String> taken = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            String event = events.poll(5, TimeUnit.SECONDS);
            if (event == null) {
                break;
            }
            taken.add(event);
        }
        return taken;
    }

    @Override
    public synchronized boolean capture(ScreenSource.Frame frame) {
        if (frame.generation() == generation) {
            return false;
        }
        frame.resize(width, height);
        System.arraycopy(pixels, 0, frame.pixels(), 0, width * height);
        frame.setGeneration(generation);
        return true;
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
    public CursorShape cursor() {
        return cursor;
    }

    @Override
    public int leds() {
        return 4;
    }

    @Override
    public ConsoleStream openConsole() {
        ConsoleStream[] ends = MemoryConsole.pair();
        RfbServer current = server;
        Thread.ofPlatform().daemon().start(() -> {
            try (ConsoleStream ours = ends[0]) {
                current.serve(ours.input(), ours.output(), null);
            } catch (IOException e) {
                events.add("console ended: " + e.getMessage());
            }
        });
        return ends[1];
    }

    @Override
    public void close() {
        server.close();
    }

    @Override
    public String name() {
        return "test machine";
    }

    @Override
    public MachineState state() {
        return state;
    }

    @Override
    public Optional<String> failure() {
        return Optional.of("the test wanted it");
    }

    @Override
    public void addListener(MachineListener listener) {
        listeners.add(listener);
    }

    @Override
    public void removeListener(MachineListener listener) {
        listeners.remove(listener);
    }

    @Override
    public MachineConfig config() {
        throw new UnsupportedOperationException();
    }

    @Override
    public Path folder() {
        throw new UnsupportedOperationException();
    }

    @Override
    public boolean runsElsewhere() {
        return false;
    }

    @Override
    public void start(StartOptions options) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void pressPowerButton() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void forceOff() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void reset() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void pause() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void resume() {
        throw new UnsupportedOperationException();
    }

    @Override
    public MachineEnd awaitEnd() {
        throw new UnsupportedOperationException();
    }

    @Override
    public MachineStatistics statistics() {
        throw new UnsupportedOperationException();
    }

    @Override
    public Screenshot screenshot() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void sendKeys(String combination) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void type(String text) {
        throw new UnsupportedOperationException();
    }

    @Override
    public ConsoleStream openSerial() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void save(Progress progress) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Snapshots snapshots() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void discardSavedState() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void reconfigure(MachineConfig config) {
        throw new UnsupportedOperationException();
    }
}
