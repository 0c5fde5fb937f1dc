// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terrarium.engine.TerrariumException;
import dev.terrarium.engine.device.Clock;
import dev.terrarium.engine.device.NetworkFrame;
import dev.terrarium.engine.net.UserNetworkSettings.Forward;
import dev.terrarium.engine.net.UserNetworkSettings.Protocol;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.zip.CRC32;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The user-mode network, with the host's own Linux as the guest and servers on this machine's loopback. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class UserNetworkTest {
    private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();
    private static final Predicate<NetworkFrame> ALL = frame -> true;

    /** Sends argv[2] bytes to port argv[1] of the gateway, reads all that comes back, prints both sums. */
    private static final String EXCHANGE = """
            import socket, sys, threading, zlib, random
            s = socket.create_connection(("10.0.2.2", int(sys.argv[1])), 20)
            s.settimeout(60)
            data = random.Random(7).randbytes(int(sys.argv[2]))
            def send():
                s.sendall(data)
                s.shutdown(socket.SHUT_WR)
            t = threading.Thread(target=send)
            t.start()
            crc = n = 0
            while True:
                part = s.recv(1 << 16)
                if not part: break
                crc = zlib.crc32(part, crc); n += len(part)
            t.join()
            print(zlib.crc32(data), crc, n)
            """;

    @TempDir
    Path folder;

    private final List<AutoCloseable> open = new ArrayList<>();
    private final Clock clock = new Clock() {
        @Override
        public long nanoTime() {
            return System.nanoTime();
        }

        @Override
        public long wallTimeMillis() {
            return System.currentTimeMillis();
        }

        @Override
        public Timer timer(Runnable action) {
            throw new UnsupportedOperationException();
        }
    };

    @BeforeEach
    void namespace() throws Exception {
        assumeTrue(NamespaceGuest.possible(), "needs root, /dev/net/tun and network namespaces");
    }

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
    }

    private UserNetwork network(boolean hostAllowed, Forward... forwards) throws TerrariumException {
        return network(new UserNetworkSettings(hostAllowed, List.of(forwards)), new InetSocketAddress(LOOPBACK, 9));
    }

    private UserNetwork network(UserNetworkSettings settings, InetSocketAddress nameServer) throws TerrariumException {
        UserNetwork network = new UserNetwork("test", settings, clock, Runnable::run, () -> nameServer);
        open.add(network);
        return network;
    }

    private NamespaceGuest guest(UserNetwork network, boolean offload, Predicate<NetworkFrame> arrives)
            throws Exception {
        NamespaceGuest guest = new NamespaceGuest(network, offload, arrives);
        open.add(guest);
        return guest;
    }

    private NamespaceGuest guest(UserNetwork network) throws Exception {
        NamespaceGuest guest = guest(network, true, ALL);
        guest.addAddress();
        return guest;
    }

    private interface Service {
        void serve(Socket socket) throws IOException;
    }

    /** A server on the loopback; one thread a connection. */
    private int server(Service service) throws IOException {
        ServerSocket server = new ServerSocket(0, 1000, LOOPBACK);
        open.add(server);
        Thread.ofVirtual().start(() -> {
            while (!server.isClosed()) {
                try {
                    Socket socket = server.accept();
                    Thread.ofVirtual().start(() -> {
                        try (socket) {
                            service.serve(socket);
                        } catch (IOException e) {
                            // The guest went away.
                        }
                    });
                } catch (IOException e) {
                    // The test is over.
                }
            }
        });
        return server.getLocalPort();
    }

    private static byte[] data(int length) {
        byte[] data = new byte[length];
        new Random(11).nextBytes(data);
        return data;
    }

    private static long sum(byte[] data) {
        CRC32 crc = new CRC32();
        crc.update(data);
        return crc.getValue();
    }

    /** Both directions at once, with sums; says the guest's words. */
    private void exchange(NamespaceGuest guest, int bytes) throws Exception {
        byte[] back = data(bytes);
        CompletableFuture<long[]> seen = new CompletableFuture<>();
        int port = server(socket -> {
            Thread sender = Thread.ofVirtual().start(() -> {
                try {
                    socket.getOutputStream().write(back);
                    socket.shutdownOutput();
                } catch (IOException e) {
                    seen.completeExceptionally(e);
                }
            });
            CRC32 crc = new CRC32();
            long count = 0;
            byte[] part = new byte[1 << 16];
            InputStream in = socket.getInputStream();
            for (int read = in.read(part); read >= 0; read = in.read(part)) {
                crc.update(part, 0, read);
                count += read;
            }
            try {
                sender.join();
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
            seen.complete(new long[] {crc.getValue(), count});
        });
        long start = System.nanoTime();
        String[] said = guest.run(90, "python3", "-c", EXCHANGE, "" + port, "" + bytes)
                .strip()
                .split(" ");
        double seconds = (System.nanoTime() - start) / 1e9;
        assertThat(seen.get(10, TimeUnit.SECONDS)).containsExactly(Long.parseLong(said[0]), bytes);
        assertThat(said[1] + " " + said[2]).isEqualTo(sum(back) + " " + bytes);
        System.out.printf("%d bytes each way in %.1f s%n", bytes, seconds);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void streamsArriveWholeBothWays(boolean offload) throws Exception {
        UserNetwork network = network(true);
        NamespaceGuest guest = guest(network, offload, ALL);
        guest.addAddress();
        exchange(guest, 32 << 20);
        exchange(guest, 1);
        exchange(guest, 0);
        assertThat(network.watch().figures().dropped()).isZero();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whatIsLostIsSentAgain(boolean offload) throws Exception {
        long seed = Long.getLong("seed", System.nanoTime());
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        int[] lost = new int[1];
        NamespaceGuest guest = guest(network(true), offload, frame -> {
            synchronized (random) {
                boolean arrives = frame.length() < 100 || random.nextInt(50) != 0;
                lost[0] += arrives ? 0 : 1;
                return arrives;
            }
        });
        guest.addAddress();
        exchange(guest, offload ? 4 << 20 : 1 << 20);
        assertThat(lost[0]).isPositive();
        System.out.println(lost[0] + " frames lost");
    }

    @Test
    void aGuestIsGivenItsAddress() throws Exception {
        UserNetwork network = network(false);
        NamespaceGuest guest = guest(network, true, ALL);
        assertThat(network.figures().guestAddress()).as("nothing was heard yet").isNull();
        Path script = Files.writeString(
                folder.resolve("said"),
                "#!/bin/sh\necho \"$1 ip=$ip mask=$subnet router=$router dns=$dns\" lease=$lease\n");
        assertThat(script.toFile().setExecutable(true)).isTrue();
        String said = guest.run(
                20, "busybox", "udhcpc", "-i", "tap0", "-n", "-q", "-t", "3", "-T", "1", "-s", script.toString());
        assertThat(said).contains("bound ip=10.0.2.15 mask=255.255.255.0 router=10.0.2.2 dns=10.0.2.3 lease=86400");
        guest.addAddress();
        // Who asks for another address than there is is told no, and gets the one there is.
        said = guest.run(30, "busybox", "udhcpc", "-i", "tap0", "-n", "-q", "-r", "10.0.2.77", "-s", script.toString());
        assertThat(said).contains("bound ip=10.0.2.15");
        guest.run(10, "busybox", "ping", "-c", "2", "-W", "2", "10.0.2.2");
        assertThat(network.figures().guestAddress()).isEqualTo("10.0.2.15");
        Process other = guest.start("busybox", "ping", "-c", "1", "-W", "2", "203.0.113.5");
        NamespaceGuest.finish(other, 10);
        assertThat(other.exitValue()).isNotZero();
    }

    @Test
    void theHostsLoopbackIsOutOfReachUnlessAllowed() throws Exception {
        CompletableFuture<String> reached = new CompletableFuture<>();
        int port = server(socket -> reached.complete("a guest was here"));
        NamespaceGuest guest = guest(network(false));
        guest.run(10, "ip", "addr", "flush", "dev", "lo");
        guest.run(10, "ip", "link", "set", "lo", "down");
        for (String address : List.of("10.0.2.2", "10.0.2.3", "0.0.0.1", "169.254.169.254", "224.0.0.1", "10.0.2.9")) {
            Process attempt = guest.start(
                    "python3",
                    "-c",
                    "import socket,sys\nsocket.create_connection((sys.argv[1], int(sys.argv[2])), 3)",
                    address,
                    "" + port);
            NamespaceGuest.finish(attempt, 10);
            assertThat(attempt.exitValue()).as(address).isNotZero();
        }
        assertThat(reached).isNotDone();
    }

    @Test
    void loopbackAddressesLeadNowhere() {
        Destinations destinations = new Destinations(false, () -> new InetSocketAddress(LOOPBACK, 53));
        for (String address : List.of(
                "127.0.0.1",
                "127.255.0.1",
                "0.0.0.0",
                "10.0.2.2",
                "10.0.2.255",
                "224.0.0.251",
                "255.255.255.255",
                "240.0.0.1",
                "169.254.169.254")) {
            assertThat(destinations.of(Ipv4.address(address), 80)).as(address).isNull();
        }
        assertThat(destinations.of(Ipv4.address("10.0.2.3"), 80)).isNull();
        assertThat(destinations.of(Ipv4.address("198.51.100.7"), 0)).isNull();
        assertThat(destinations.of(Ipv4.address("198.51.100.7"), 80))
                .isEqualTo(new InetSocketAddress("198.51.100.7", 80));
        assertThat(new Destinations(true, () -> new InetSocketAddress(LOOPBACK, 53)).of(Ipv4.address("10.0.2.2"), 80))
                .isEqualTo(new InetSocketAddress("127.0.0.1", 80));
    }

    @Test
    void namesAreLookedUpByTheHostsServer() throws Exception {
        DatagramSocket server = new DatagramSocket(0, LOOPBACK);
        open.add(server);
        Thread.ofVirtual().start(() -> {
            byte[] buffer = new byte[512];
            while (!server.isClosed()) {
                try {
                    DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
                    server.receive(packet);
                    // Answers every question for an address with 192.0.2.33 (RFC 1035, section 4.1), others with
                    // nothing.
                    int end = 12;
                    while (buffer[end] != 0) {
                        end += buffer[end] + 1;
                    }
                    end += 5;
                    boolean address = buffer[end - 3] == 1;
                    byte[] answer = java.util.Arrays.copyOf(buffer, end + (address ? 16 : 0));
                    answer[2] = (byte) 0x81;
                    answer[3] = (byte) 0x80;
                    answer[7] = (byte) (address ? 1 : 0);
                    answer[9] = 0;
                    answer[11] = 0;
                    if (address) {
                        byte[] record = {(byte) 0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, (byte) 192, 0, 2, 33};
                        System.arraycopy(record, 0, answer, end, record.length);
                    }
                    server.send(new DatagramPacket(answer, answer.length, packet.getSocketAddress()));
                } catch (IOException e) {
                    // The test is over.
                }
            }
        });
        NamespaceGuest guest = guest(network(
                new UserNetworkSettings(false, List.of()), new InetSocketAddress(LOOPBACK, server.getLocalPort())));
        assertThat(guest.run(20, "busybox", "nslookup", "terrarium.example", "10.0.2.3"))
                .contains("192.0.2.33");
    }

    @Test
    void datagramsOfAnySizeComeAndGo() throws Exception {
        DatagramSocket echo = new DatagramSocket(0, LOOPBACK);
        open.add(echo);
        Thread.ofVirtual().start(() -> {
            byte[] buffer = new byte[65_536];
            while (!echo.isClosed()) {
                try {
                    DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
                    echo.receive(packet);
                    echo.send(packet);
                } catch (IOException e) {
                    // The test is over.
                }
            }
        });
        NamespaceGuest guest = guest(network(true));
        String said = guest.run(30, "python3", "-c", """
                import socket, sys, random
                s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                s.settimeout(5)
                for n in (0, 1, 1471, 1472, 1473, 1480, 2960, 9000, 65507):
                    data = random.Random(n).randbytes(n)
                    s.sendto(data, ("10.0.2.2", int(sys.argv[1])))
                    back, who = s.recvfrom(70000)
                    assert back == data and who == ("10.0.2.2", int(sys.argv[1])), n
                print("all")
                """, "" + echo.getLocalPort());
        assertThat(said.strip()).isEqualTo("all");
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, LOOPBACK)) {
            return socket.getLocalPort();
        }
    }

    private static String ask(int port, String question) throws IOException {
        try (Socket socket = new Socket(LOOPBACK, port)) {
            socket.setSoTimeout(10_000);
            new DataOutputStream(socket.getOutputStream()).writeUTF(question);
            return new DataInputStream(socket.getInputStream()).readUTF();
        }
    }

    @Test
    void forwardedPortsLeadToTheGuestAndChangeWhileItRuns() throws Exception {
        int first = freePort();
        Forward forward = new Forward(Protocol.TCP, LOOPBACK, first, 7001);
        UserNetwork network = network(false, forward);
        NamespaceGuest guest = guest(network);
        Process server = guest.start("python3", "-c", """
                import socketserver, threading, socket
                class Echo(socketserver.BaseRequestHandler):
                    def handle(self):
                        data = self.request.recv(1000)
                        self.request.sendall(data)
                class UdpEcho(socketserver.BaseRequestHandler):
                    def handle(self):
                        self.request[1].sendto(self.request[0], self.client_address)
                tcp = socketserver.ThreadingTCPServer(("0.0.0.0", 7001), Echo)
                udp = socketserver.UDPServer(("0.0.0.0", 7002), UdpEcho)
                threading.Thread(target=udp.serve_forever, daemon=True).start()
                print("up", flush=True)
                tcp.serve_forever()
                """);
        open.add(server::destroyForcibly);
        assertThat(server.getInputStream().readNBytes(3)).isEqualTo("up\n".getBytes(StandardCharsets.US_ASCII));
        assertThat(ask(first, "hello")).isEqualTo("hello");

        int second = freePort();
        int third = freePort();
        Forward datagrams = new Forward(Protocol.UDP, LOOPBACK, third, 7002);
        network.setForwards(List.of(new Forward(Protocol.TCP, LOOPBACK, second, 7001), datagrams));
        assertThat(ask(second, "again")).isEqualTo("again");
        assertThatThrownBy(() -> ask(first, "gone")).isInstanceOf(IOException.class);
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.setSoTimeout(10_000);
            byte[] question = "datagram".getBytes(StandardCharsets.UTF_8);
            socket.send(new DatagramPacket(question, question.length, LOOPBACK, third));
            DatagramPacket answer = new DatagramPacket(new byte[100], 100);
            socket.receive(answer);
            assertThat(new String(answer.getData(), 0, answer.getLength(), StandardCharsets.UTF_8))
                    .isEqualTo("datagram");
        }
        // A port that is taken changes nothing.
        try (ServerSocket taken = new ServerSocket(0, 1, LOOPBACK)) {
            Forward bad = new Forward(Protocol.TCP, LOOPBACK, taken.getLocalPort(), 7001);
            assertThatThrownBy(() -> network.setForwards(List.of(bad)))
                    .isInstanceOf(TerrariumException.class)
                    .hasMessageContaining("" + taken.getLocalPort());
        }
        assertThat(ask(second, "still")).isEqualTo("still");
    }

    @Test
    void tenThousandConnectionsLeakNothing() throws Exception {
        UserNetwork network = network(true);
        int port = server(socket -> {
            OutputStream out = socket.getOutputStream();
            out.write(socket.getInputStream().read());
        });
        NamespaceGuest guest = guest(network);
        long before = descriptors();
        String said = guest.run(100, "python3", "-c", """
                import socket, struct, sys
                ok = 0
                for i in range(10000):
                    s = socket.socket()
                    if i % 2:
                        # No TIME_WAIT in the guest, which has 28,000 ports only: half of the connections end with RST.
                        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    s.connect(("10.0.2.2", int(sys.argv[1])))
                    s.sendall(b"x")
                    ok += s.recv(1) == b"x"
                    s.close()
                print(ok)
                """, "" + port);
        assertThat(said.strip()).isEqualTo("10000");
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        TcpRelays relays = network.packets().tcp();
        while (relays.count() > 0 && System.nanoTime() < deadline) {
            Thread.sleep(50);
        }
        assertThat(relays.count()).isZero();
        assertThat(relays.budget().left()).isEqualTo(128L << 20);
        assertThat(descriptors()).isLessThan(before + 20);
    }

    private static long descriptors() {
        String[] names = new java.io.File("/proc/self/fd").list();
        return names == null ? 0 : names.length;
    }

    @Test
    void whoDoesNotReadIsNotSentMore() throws Exception {
        UserNetwork network = network(true);
        byte[] all = data(8 << 20);
        int port = server(socket -> socket.getOutputStream().write(all));
        NamespaceGuest guest = guest(network);
        String said = guest.run(60, "python3", "-c", """
                import socket, sys, time, zlib
                s = socket.socket()
                s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
                s.connect(("10.0.2.2", int(sys.argv[1])))
                time.sleep(3)
                crc = n = 0
                while True:
                    part = s.recv(50000)
                    if not part: break
                    crc = zlib.crc32(part, crc); n += len(part)
                print(crc, n)
                """, "" + port);
        assertThat(said.strip()).isEqualTo(sum(all) + " " + all.length);
    }

    @Test
    void garbageHarmsNobody() throws Exception {
        UserNetwork network = network(true);
        NamespaceGuest guest = guest(network);
        long seed = Long.getLong("seed", System.nanoTime());
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        byte[] sample = new byte[74];
        for (int i = 0; i < 200_000; i++) {
            byte[] frame;
            if (i % 4 == 0) {
                frame = new byte[random.nextInt(200)];
                random.nextBytes(frame);
            } else {
                frame = sample.clone();
                random.nextBytes(frame);
                System.arraycopy(new byte[] {8, 0, 0x45, 0, 0, 60}, 0, frame, 12, 6);
                frame[20] = 0;
                frame[21] = (byte) (random.nextInt(8) == 0 ? random.nextInt() : 0);
                frame[23] = (byte) new int[] {1, 6, 17}[random.nextInt(3)];
                Octets.put32(frame, 26, UserNetworkSettings.GUEST);
                Octets.put32(
                        frame,
                        30,
                        random.nextBoolean() ? UserNetworkSettings.GATEWAY : UserNetworkSettings.NAME_SERVER);
                Octets.put16(frame, 24, 0);
                Octets.put16(frame, 24, InternetChecksum.of(InternetChecksum.add(0, frame, 14, 20)));
            }
            network.send(
                    new NetworkFrame(frame, frame.length, random.nextInt(3) - 1, 6, NetworkFrame.Segmentation.NONE, 0));
            if (i % 1000 == 0) {
                Thread.sleep(1);
            }
        }
        exchange(guest, 1 << 20);
    }

    @Test
    void aCaptureHoldsTheFrames() throws Exception {
        UserNetwork network = network(true);
        NamespaceGuest guest = guest(network);
        Path file = folder.resolve("frames.pcap");
        network.watch().capture(file);
        exchange(guest, 1000);
        network.watch().endCapture();
        byte[] bytes = Files.readAllBytes(file);
        assertThat(bytes).startsWith(0x4D, 0x3C, 0xB2, 0xA1, 2, 0, 4, 0);
        int at = 24;
        int frames = 0;
        while (at < bytes.length) {
            int length = Integer.reverseBytes(Octets.get32(bytes, at + 8));
            assertThat(Octets.get16(bytes, at + 16 + 12)).isIn(0x0800, 0x0806, 0x86DD);
            at += 16 + length;
            frames++;
        }
        assertThat(at).isEqualTo(bytes.length);
        assertThat(frames).isGreaterThan(8);
        assertThatThrownBy(() -> network.watch().capture(file))
                .isInstanceOf(TerrariumException.class)
                .hasMessageContaining("exists already");
    }
}
