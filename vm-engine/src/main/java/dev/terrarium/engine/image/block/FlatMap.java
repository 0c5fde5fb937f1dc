// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.block;

/** A disk that stands in its file as it is, from some byte on. */
public record FlatMap(long offset) implements BlockMap {
    @Override
    public int blockSize() {
        return 1 << 20;
    }

    @Override
    public Run find(long position, long length) {
        return Run.data(offset + position, length);
    }

    @Override
    public long reserve(long block) {
        return offset + block * blockSize();
    }

    @Override
    public void assign(long block, long place) {}

    @Override
    public boolean crowded() {
        return false;
    }

    @Override
    public Commit take() {
        return Nothing.INSTANCE;
    }

    @Override
    public void close() {}

    private enum Nothing implements Commit {
        INSTANCE;

        @Override
        public boolean empty() {
            return true;
        }

        @Override
        public void write() {}

        @Override
        public void finished(boolean success) {}
    }
}
