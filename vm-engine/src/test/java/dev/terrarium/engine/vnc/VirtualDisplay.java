// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.vnc;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.terrarium.engine.device.CursorShape;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** An X screen of 800 by 600 without a monitor, for somebody else's viewer; ends what was started on it. */
final class VirtualDisplay implements AutoCloseable {
    private static final AtomicInteger NEXT =
            new AtomicInteger(90 + (int) (ProcessHandle.current().pid() % 50) * 8);

    /** A picture of the X screen. */
    record Picture(int width, int height, int[] pixels) {
        /** Is this picture somewhere on it, pixel by pixel? */
        boolean holds(int[] part, int partWidth, int partHeight) {
            for (int top = 0; top + partHeight <= height; top++) {
                for (int left = 0; left + partWidth <= width; left++) {
                    if (isAt(left, top, part, partWidth, partHeight)) {
                        return true;
                    }
                }
            }
            return false;
        }

        private boolean isAt(int left, int top, int[] part, int partWidth, int partHeight) {
            for (int y = 0; y < partHeight; y++) {
                int at = (top + y) * width + left;
                int from = y * partWidth;
                if (java.util.Arrays.mismatch(pixels, at, at + partWidth, part, from, from + partWidth) >= 0) {
                    return false;
                }
            }
            return true;
        }
    }

    private final String name = ":" + NEXT.getAndIncrement();
    private final Path folder;
    private final List<Process> processes = new ArrayList<>();

    /** @param folder for logs and pictures */
    VirtualDisplay(Path folder) throws Exception {
        this.folder = folder;
        Process server = start("Xvfb", name, "-screen", "0", "800x600x24");
        Path socket = Path.of("/tmp/.X11-unix/X" + name.substring(1));
        for (int i = 0; i < 100 && !Files.exists(socket); i++) {
            if (!server.isAlive()) {
                throw new IOException("Xvfb ended: " + Files.readString(folder.resolve("Xvfb.log")));
            }
            Thread.sleep(100);
        }
    }

    ProcessBuilder command(String... command) {
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("DISPLAY", name);
        return builder;
    }

    Process start(String... command) throws IOException {
        Path log = folder.resolve(Path.of(command[0]).getFileName() + ".log");
        Process process = command(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        processes.add(process);
        return process;
    }

    void run(String... command) throws Exception {
        start(command).waitFor(20, TimeUnit.SECONDS);
    }

    /** TigerVNC's viewer on this port of this computer. */
    Process viewer(int port, String... options) throws IOException {
        List<String> command = new ArrayList<>(List.of("xtigervncviewer", "-AutoSelect=0"));
        command.addAll(List.of(options));
        command.add("127.0.0.1::" + port);
        return start(command.toArray(String[]::new));
    }

    /** Holds text on the clipboard until its input is closed. */
    Process holdClipboard(String text) throws Exception {
        Process holder = command(java(), clipboardSource(), text).start();
        processes.add(holder);
        int first = holder.getInputStream().read();
        if (first != 'h') {
            throw new IOException(
                    "no clipboard: " + new String(holder.getErrorStream().readAllBytes(), "UTF-8"));
        }
        return holder;
    }

    /** The text on the clipboard, or a message if there is none. */
    String clipboard() throws Exception {
        Process reader =
                command(java(), clipboardSource()).redirectErrorStream(true).start();
        processes.add(reader);
        return new String(reader.getInputStream().readAllBytes(), "UTF-8");
    }

    private static String java() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    private static String clipboardSource() throws Exception {
        return Path.of(VirtualDisplay.class.getResource("XClipboard.java").toURI())
                .toString();
    }

    Picture picture(String file) throws Exception {
        Path ppm = folder.resolve(file + ".ppm");
        run("import", "-window", "root", "-depth", "8", "ppm:" + ppm);
        try (DataInputStream in = new DataInputStream(new BufferedInputStream(Files.newInputStream(ppm)))) {
            int width = number(in);
            int height = number(in);
            number(in);
            int[] pixels = new int[width * height];
            for (int i = 0; i < pixels.length; i++) {
                pixels[i] = in.readUnsignedByte() << 16 | in.readUnsignedByte() << 8 | in.readUnsignedByte();
            }
            return new Picture(width, height, pixels);
        }
    }

    /** A number of a P6 header. */
    private static int number(DataInputStream in) throws IOException {
        int value = 0;
        int c = in.read();
        while (c == 'P' || c <= ' ') {
            if (c == 'P') {
                in.read();
            }
            c = in.read();
        }
        while (c > ' ') {
            value = value * 10 + c - '0';
            c = in.read();
        }
        return value;
    }

    /** The pointer's shape as it is shown now: XFixesGetCursorImage, colours multiplied by alpha. */
    CursorShape pointer() throws Throwable {
        try (Arena arena = Arena.ofConfined()) {
            SymbolLookup x11 = SymbolLookup.libraryLookup("libX11.so.6", arena);
            SymbolLookup fixes = SymbolLookup.libraryLookup("libXfixes.so.3", arena);
            FunctionDescriptor pointerToPointer = FunctionDescriptor.of(ADDRESS, ADDRESS);
            MemorySegment display = (MemorySegment)
                    handle(x11, "XOpenDisplay", pointerToPointer).invokeExact(arena.allocateFrom(name));
            MemorySegment image = ((MemorySegment) handle(fixes, "XFixesGetCursorImage", pointerToPointer)
                            .invokeExact(display))
                    .reinterpret(32);
            int width = image.get(JAVA_SHORT, 4);
            int height = image.get(JAVA_SHORT, 6);
            int[] argb = new int[width * height];
            MemorySegment pixels = image.get(ADDRESS, 24).reinterpret(8L * argb.length);
            for (int i = 0; i < argb.length; i++) {
                argb[i] = (int) pixels.getAtIndex(JAVA_LONG, i);
            }
            CursorShape shape =
                    new CursorShape(width, height, image.get(JAVA_SHORT, 8), image.get(JAVA_SHORT, 10), argb);
            int unused = (int) handle(x11, "XFree", FunctionDescriptor.of(JAVA_INT, ADDRESS))
                    .invokeExact(image);
            unused = (int) handle(x11, "XCloseDisplay", FunctionDescriptor.of(JAVA_INT, ADDRESS))
                    .invokeExact(display);
            return shape;
        }
    }

    private static MethodHandle handle(SymbolLookup library, String function, FunctionDescriptor type) {
        return Linker.nativeLinker().downcallHandle(library.findOrThrow(function), type);
    }

    @Override
    public void close() throws InterruptedException {
        for (Process process : processes.reversed()) {
            process.destroy();
            process.waitFor(5, TimeUnit.SECONDS);
        }
    }
}
