// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.net;

import dev.terrarium.engine.MachineStatistics;
import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.device.Clock;
import dev.terrarium.engine.device.NetworkBackend;
import dev.terrarium.engine.device.NetworkFrame;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A network of one guest behind this process, as behind a household router, without any right on the host: its TCP connections, UDP
 * datagrams and name look-ups become those of the host's own sockets. A thread of its own waits for all of them; the board's lock it
 * takes only to hand frames to the card.
 *
 * <p>Time is the board's: while the machine is paused, no connection times out.
 */
public final class UserNetwork implements NetworkBackend, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(UserNetwork.class);

    /** What the guest may send before somebody looks at it; more is dropped. */
    private static final int MOST_WAITING_BYTES = 4 << 20;

    private final Executor board;
    private final Selector selector;
    private final Thread thread;
    private final FrameWatch watch;
    private final GuestLink link;
    private final GuestPackets packets;
    private final AtomicBoolean asleep = new AtomicBoolean();
    private final ConcurrentLinkedQueue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final Deque<NetworkFrame> fromGuest = new ArrayDeque<>();
    private int waitingBytes;
    private volatile @Nullable Card card;
    private volatile boolean closed;

    /**
     * @param name of the machine, for its thread
     * @param board runs what calls the card, with the board's lock held
     * @throws TerrariumException if a forwarded port is taken
     */
    public UserNetwork(String name, UserNetworkSettings settings, Clock clock, Executor board)
            throws TerrariumException {
        this(name, settings, clock, board, new HostResolver());
    }

    /** @param nameServer the host's own */
    UserNetwork(
            String name,
            UserNetworkSettings settings,
            Clock clock,
            Executor board,
            Supplier<InetSocketAddress> nameServer)
            throws TerrariumException {
        this.board = board;
        this.watch = new FrameWatch();
        try {
            this.selector = Selector.open();
        } catch (IOException e) {
            throw new TerrariumException("no network for \"" + name + "\": " + e.getMessage(), e);
        }
        byte[] address = {0x52, 0x55, 10, 0, 2, 2};
        link = new GuestLink(address, watch::toGuest);
        packets =
                new GuestPackets(link, selector, new Destinations(settings.hostAllowed(), nameServer), clock::nanoTime);
        boolean opened = false;
        try {
            packets.setForwards(settings.forwards());
            opened = true;
        } finally {
            if (!opened) {
                closeAll();
            }
        }
        thread = Thread.ofPlatform().daemon().name("network of " + name).unstarted(this::run);
    }

    @Override
    public void connect(Card newCard) {
        card = newCard;
        thread.start();
    }

    @Override
    public void send(NetworkFrame frame) {
        synchronized (fromGuest) {
            if (closed || waitingBytes + frame.length() > MOST_WAITING_BYTES) {
                watch.dropped();
                return;
            }
            fromGuest.add(frame);
            waitingBytes += frame.length();
        }
        Card there = card;
        if (there != null) {
            // Whoever drives the card may change its mind.
            link.setUnfinished(there.takesUnfinishedFrames());
        }
        watch.fromGuest(frame);
        wake();
    }

    @Override
    public void ready() {
        Card there = card;
        if (there != null && !link.isEmpty()) {
            link.deliver(there);
            wake();
        }
    }

    private void wake() {
        if (asleep.compareAndSet(true, false)) {
            selector.wakeup();
        }
    }

    /** For tests: what is open. */
    GuestPackets packets() {
        return packets;
    }

    /** What passed so far. */
    public FrameWatch watch() {
        return watch;
    }

    /**
     * Changes the forwarded ports while the network runs; those that stay are not interrupted. May wait for the network's thread.
     *
     * @throws TerrariumException if a port is taken; the forwards are then as before
     */
    public void setForwards(List<UserNetworkSettings.Forward> forwards) throws TerrariumException {
        if (!thread.isAlive()) {
            packets.setForwards(forwards);
            return;
        }
        java.util.concurrent.CompletableFuture<@Nullable TerrariumException> done =
                new java.util.concurrent.CompletableFuture<>();
        tasks.add(() -> {
            try {
                packets.setForwards(forwards);
                done.complete(null);
            } catch (TerrariumException e) {
                done.complete(e);
            }
        });
        wake();
        TerrariumException failure = done.completeOnTimeout(
                        new TerrariumException("the network does not answer: try again"), 5, TimeUnit.SECONDS)
                .join();
        if (failure != null) {
            throw failure;
        }
    }

    private void run() {
        try {
            while (!closed) {
                turn();
            }
        } catch (IOException | UncheckedIOException e) {
            LOG.error("{} ended: the guest has no network until the next start", thread.getName(), e);
        } finally {
            closeAll();
        }
    }

    private void turn() throws IOException {
        for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
            task.run();
        }
        takeFrames();
        for (SelectionKey key : selector.selectedKeys()) {
            packets.ready(key);
        }
        selector.selectedKeys().clear();
        packets.tick();
        packets.transmit();
        Card there = card;
        if (there != null && !link.isEmpty()) {
            board.execute(() -> link.deliver(there));
        }
        sleep();
    }

    private void takeFrames() {
        while (true) {
            NetworkFrame frame;
            synchronized (fromGuest) {
                frame = fromGuest.poll();
                if (frame == null) {
                    return;
                }
                waitingBytes -= frame.length();
            }
            try {
                packets.frame(frame);
            } catch (RuntimeException e) {
                // A guest's frame must not end everybody's network.
                LOG.error("a frame of {} bytes", frame.length(), e);
            }
        }
    }

    private void sleep() throws IOException {
        asleep.set(true);
        boolean work;
        synchronized (fromGuest) {
            work = !fromGuest.isEmpty();
        }
        if (work || closed || !tasks.isEmpty() || packets.canTransmit()) {
            selector.selectNow();
        } else {
            selector.select(packets.restMillis());
        }
        asleep.set(false);
    }

    private void closeAll() {
        packets.close();
        watch.close();
        try {
            selector.close();
        } catch (IOException e) {
            LOG.warn("closing a network", e);
        }
    }

    /** Its connections end, with RST for the other sides. Not with the board's lock held: the network's thread may wait for that. */
    @Override
    public void close() {
        synchronized (fromGuest) {
            closed = true;
        }
        if (thread.isAlive()) {
            selector.wakeup();
            boolean interrupted = false;
            while (thread.isAlive()) {
                try {
                    thread.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        } else {
            closeAll();
        }
    }

    /** What passed so far, and the guest's address. */
    public MachineStatistics.Network figures() {
        FrameWatch.Figures figures = watch.figures();
        return new MachineStatistics.Network(
                figures.receivedBytes(), figures.sentBytes(), link.hasHeard() ? Ipv4.text(link.guestIp()) : null);
    }
}
