// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.console;

import com.tigervnc.rdr.EndOfStream;
import com.tigervnc.rdr.InStream;
import java.io.IOException;
import java.io.InputStream;

/** TigerVNC's input on a plain stream, in the place of its sockets. */
final class StreamInput extends InStream {
    private static final int SIZE = 1 << 17;

    private final InputStream input;
    private int before;

    StreamInput(InputStream input) {
        this.input = input;
        b = new byte[SIZE];
    }

    @Override
    public int pos() {
        return before + ptr;
    }

    @Override
    protected int overrun(int itemSize, int itemCount, boolean wait) {
        if (itemSize > SIZE) {
            throw new com.tigervnc.rdr.Exception("an item of " + itemSize + " bytes");
        }
        System.arraycopy(b, ptr, b, 0, end - ptr);
        end -= ptr;
        before += ptr;
        ptr = 0;
        try {
            while (end < itemSize) {
                if (!wait && input.available() == 0) {
                    return 0;
                }
                int count = input.read(b, end, SIZE - end);
                if (count < 0) {
                    throw new EndOfStream();
                }
                end += count;
            }
        } catch (IOException e) {
            throw new com.tigervnc.rdr.Exception(String.valueOf(e.getMessage()));
        }
        return Math.min(itemCount, (end - ptr) / itemSize);
    }
}
