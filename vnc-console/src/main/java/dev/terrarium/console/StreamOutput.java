// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.console;

import com.tigervnc.rdr.OutStream;
import java.io.IOException;
import java.io.OutputStream;

/** TigerVNC's output on a plain stream, in the place of its sockets. */
final class StreamOutput extends OutStream {
    private static final int SIZE = 1 << 14;

    private final OutputStream output;
    private int before;

    StreamOutput(OutputStream output) {
        this.output = output;
        b = new byte[SIZE];
        end = SIZE;
    }

    @Override
    public int length() {
        return before + ptr;
    }

    @Override
    public void flush() {
        try {
            output.write(b, 0, ptr);
            output.flush();
        } catch (IOException e) {
            throw new com.tigervnc.rdr.Exception(String.valueOf(e.getMessage()));
        }
        before += ptr;
        ptr = 0;
    }

    @Override
    protected int overrun(int itemSize, int itemCount) {
        if (itemSize > SIZE) {
            throw new com.tigervnc.rdr.Exception("an item of " + itemSize + " bytes");
        }
        flush();
        return Math.min(itemCount, SIZE / itemSize);
    }
}
