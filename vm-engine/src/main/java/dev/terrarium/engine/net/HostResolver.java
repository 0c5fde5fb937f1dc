// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.net;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The host's name server, the first that resolv.conf(5) names; read again now and then, for laptops move. One thread. */
final class HostResolver implements Supplier<InetSocketAddress> {
    private static final Logger LOG = LoggerFactory.getLogger(HostResolver.class);
    private static final Path FILE = Path.of("/etc/resolv.conf");
    private static final long FRESH_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final int DOMAIN = 53;
    private static final String WORD = "nameserver";

    private final Path file;
    private InetAddress known = InetAddress.getLoopbackAddress();
    private long readAt;
    private boolean read;

    HostResolver() {
        this(FILE);
    }

    HostResolver(Path file) {
        this.file = file;
    }

    @Override
    public InetSocketAddress get() {
        long now = System.nanoTime();
        if (!read || now - readAt > FRESH_NANOS) {
            read = true;
            readAt = now;
            known = load();
        }
        return new InetSocketAddress(known, DOMAIN);
    }

    /** resolv.conf(5): without a name server it is the one on this host. */
    private InetAddress load() {
        try {
            for (String line : Files.readAllLines(file)) {
                String[] words = line.strip().split("\\s+", 3);
                if (words.length >= 2 && words[0].equals(WORD) && !words[1].contains("%")) {
                    return InetAddress.ofLiteral(words[1]);
                }
            }
        } catch (IOException | IllegalArgumentException e) {
            LOG.debug("{} names no server", file, e);
        }
        return InetAddress.getLoopbackAddress();
    }
}
