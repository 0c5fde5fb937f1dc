// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.library;

import dev.terrarium.engine.ConsoleStream;
import java.io.InputStream;
import java.io.OutputStream;

/** One end of two memory pipes. */
record PipeStream(MemoryPipe in, MemoryPipe out) implements ConsoleStream {
    private static final int CAPACITY = 1 << 18;

    /** Both ends of a connection: what one writes the other reads. */
    static PipeStream[] pair() {
        MemoryPipe there = new MemoryPipe(CAPACITY);
        MemoryPipe back = new MemoryPipe(CAPACITY);
        return new PipeStream[] {new PipeStream(there, back), new PipeStream(back, there)};
    }

    @Override
    public InputStream input() {
        return in.input();
    }

    @Override
    public OutputStream output() {
        return out.output();
    }

    @Override
    public void close() {
        in.close();
        out.close();
    }
}
