// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.net;

import java.io.IOException;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One connection of the guest's and the host's socket behind it: bytes go to and fro as either side has room. One thread. */
final class TcpRelay implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TcpRelay.class);

    /** Bytes that one relay may move before another one's turn. */
    private static final int TURN = 1 << 18;

    /** Which connection, as the guest sees it. */
    record Key(int guest, int guestPort, int address, int port) {}

    private final Key key;
    private final TcpConnection connection;
    private final SocketChannel channel;
    private final SelectionKey selection;
    private boolean hostFinished;
    private boolean outputShut;
    private boolean failed;

    /** For a connection that the guest asks for: connects to {@code target}. */
    static TcpRelay toHost(Key key, TcpConnection connection, SocketAddress target, Selector selector)
            throws IOException {
        SocketChannel channel = SocketChannel.open();
        try {
            channel.configureBlocking(false);
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            boolean connected = channel.connect(target);
            TcpRelay relay = new TcpRelay(key, connection, channel, selector, SelectionKey.OP_CONNECT);
            if (connected) {
                relay.connected();
            }
            return relay;
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /** For a connection that came in on a forwarded port. */
    static TcpRelay toGuest(Key key, TcpConnection connection, SocketChannel accepted, Selector selector)
            throws IOException {
        accepted.configureBlocking(false);
        accepted.setOption(StandardSocketOptions.TCP_NODELAY, true);
        return new TcpRelay(key, connection, accepted, selector, 0);
    }

    private TcpRelay(Key key, TcpConnection connection, SocketChannel channel, Selector selector, int interest)
            throws IOException {
        this.key = key;
        this.connection = connection;
        this.channel = channel;
        this.selection = channel.register(selector, interest, this);
    }

    Key key() {
        return key;
    }

    TcpConnection connection() {
        return connection;
    }

    private void connected() {
        connection.accept();
        selection.interestOps(SelectionKey.OP_READ);
    }

    /** The host's socket can do something; also after segments of the guest. */
    void move(TcpConnection.Output output) {
        try {
            if (selection.isValid() && selection.isConnectable()) {
                channel.finishConnect();
                connected();
            }
            if (!channel.isConnected()) {
                return;
            }
            write();
            read();
            interests();
        } catch (IOException e) {
            LOG.debug("{}: {}", key, e.getMessage());
            connection.abort(output);
            failed = true;
        }
    }

    private void write() throws IOException {
        for (int done = 0; done < TURN; ) {
            ByteBuffer waiting = connection.waiting();
            if (!waiting.hasRemaining()) {
                break;
            }
            int count = channel.write(waiting);
            if (count == 0) {
                break;
            }
            connection.remove(count);
            done += count;
        }
        if (connection.guestFinished() && !outputShut) {
            outputShut = true;
            channel.shutdownOutput();
        }
    }

    private void read() throws IOException {
        for (int done = 0; done < TURN && !hostFinished; ) {
            int room = connection.sendRoom();
            if (room == 0 || !established()) {
                break;
            }
            ByteBuffer free = connection.free(Math.min(room, TURN - done));
            if (!free.hasRemaining()) {
                break;
            }
            int count = channel.read(free);
            if (count < 0) {
                hostFinished = true;
                connection.finish();
            } else if (count == 0) {
                break;
            } else {
                connection.added(count);
                done += count;
            }
        }
    }

    /** Before that the guest may still refuse; what is read is not to be lost then. */
    private boolean established() {
        return switch (connection.state()) {
            case HELD, SYN_SENT, CLOSED -> false;
            default -> true;
        };
    }

    /** Whether nothing is left to do. */
    boolean done() {
        return connection.closed() && (connection.end() != TcpConnection.End.FINISHED || outputShut || failed);
    }

    private void interests() {
        int operations = connection.waiting().hasRemaining() ? SelectionKey.OP_WRITE : 0;
        if (!hostFinished && established() && connection.sendRoom() > 0) {
            operations |= SelectionKey.OP_READ;
        }
        if (selection.isValid() && selection.interestOps() != operations) {
            selection.interestOps(operations);
        }
    }

    /** Gives the socket back; of a connection that did not end well, its other side hears of it. */
    @Override
    public void close() {
        try {
            if (connection.end() != TcpConnection.End.FINISHED && channel.isConnected()) {
                channel.setOption(StandardSocketOptions.SO_LINGER, 0);
            }
        } catch (IOException e) {
            LOG.debug("{}: {}", key, e.getMessage());
        }
        connection.close();
        try {
            channel.close();
        } catch (IOException e) {
            LOG.debug("{}: closing", key, e);
        }
    }
}
