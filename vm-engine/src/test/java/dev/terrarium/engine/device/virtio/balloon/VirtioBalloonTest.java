// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.device.virtio.balloon;

import static dev.terrarium.engine.device.virtio.TestRing.in;
import static dev.terrarium.engine.device.virtio.TestRing.out;
import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.device.ManualClock;
import dev.terrarium.engine.device.virtio.Features;
import dev.terrarium.engine.device.virtio.GuestRam;
import dev.terrarium.engine.device.virtio.TestDriver;
import dev.terrarium.engine.device.virtio.TestRing;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The balloon by the clauses of VIRTIO 1.2, section 5.5. */
class VirtioBalloonTest {
    private static final int BUFFER = 0x8_0000;
    private static final long ALL = Features.VERSION_1 | 1 << 1 | 1 << 2 | 1 << 5;

    private final GuestRam ram = new GuestRam();
    private final ManualClock clock = new ManualClock();
    private final List<String> released = new ArrayList<>();
    private final VirtioBalloon balloon = new VirtioBalloon(
            "balloon",
            ram,
            (physical, length) -> released.add(Long.toHexString(physical) + "+" + Long.toHexString(length)),
            clock);
    private final TestDriver driver = new TestDriver(ram, balloon);
    private List<TestRing> rings = List.of();

    private void start(long features) {
        rings = driver.start(features, 64);
    }

    @Test
    void s5_5_4_theTargetIsInTheConfiguration() {
        start(ALL);
        driver.useMessages(4);
        balloon.setTarget((5 << 20) + 4095);
        assertThat(driver.read(TestDriver.CONFIG, 4)).isEqualTo(1280);
        assertThat(driver.messages).containsExactly("fee00000:0");
        balloon.setTarget(5 << 20);
        assertThat(driver.messages).as("no change, no interrupt").hasSize(1);
        driver.write(TestDriver.CONFIG + 4, 4, 700);
        assertThat(balloon.actualBytes()).isEqualTo(700 * 4096L);
        driver.write(TestDriver.CONFIG, 4, 0);
        assertThat(balloon.targetBytes()).as("not the driver's to change").isEqualTo(5 << 20);
        driver.write(TestDriver.STATUS, 1, 0);
        assertThat(balloon.actualBytes()).isZero();
        assertThat(balloon.targetBytes()).isEqualTo(5 << 20);
    }

    @Test
    void s5_5_6_inflatedPagesGoBackToTheHostNeighboursTogether() {
        start(ALL);
        int[] pages = {100, 101, 102, 50, 49, 48, -1, 7};
        for (int i = 0; i < pages.length; i++) {
            ram.writeInt(BUFFER + 4L * i, pages[i]);
        }
        rings.get(0).add(out(BUFFER, 10), out(BUFFER + 10, 22));
        rings.get(0).kick();
        assertThat(released).containsExactly("64000+3000", "30000+3000", "ffffffff000+1000", "7000+1000");
        assertThat(rings.get(0).usedIndex()).isEqualTo(1);
        released.clear();
        rings.get(1).add(out(BUFFER, 32));
        rings.get(1).kick();
        assertThat(rings.get(1).usedIndex()).isEqualTo(1);
        rings.get(0).add(in(BUFFER, 32), in(BUFFER, 3));
        rings.get(0).add(out(BUFFER, 3));
        rings.get(0).kick();
        assertThat(released).isEmpty();
    }

    @Test
    void s5_5_6_7_reportedPagesGoBackToTheHost() {
        start(ALL);
        rings.get(3).add(in(0x20_0000, 0x20_0000), in(0x80_0000, 0x1000));
        rings.get(3).kick();
        assertThat(released).containsExactly("200000+200000", "800000+1000");
        assertThat(rings.get(3).usedIndex()).isEqualTo(1);
        start(ALL & ~(1 << 5));
        released.clear();
        rings.get(3).add(in(0x20_0000, 0x20_0000));
        rings.get(3).kick();
        assertThat(released).as("not negotiated").isEmpty();
    }

    private void tell(int at, int number, long value) {
        ram.writeShort(BUFFER + 10L * at, number);
        ram.writeLong(BUFFER + 10L * at + 2, value);
    }

    @Test
    void s5_5_6_3_statisticsAreAskedForWhileSomebodyLooks() {
        start(ALL);
        tell(0, 5, 1 << 30);
        tell(1, 4, 1 << 20);
        tell(2, 999, 1);
        rings.get(2).add(out(BUFFER, 30));
        rings.get(2).kick();
        assertThat(balloon.totalBytes()).isEqualTo(1 << 30);
        assertThat(balloon.freeBytes()).isEqualTo(1 << 20);
        assertThat(balloon.cachedBytes()).isEqualTo(VirtioBalloon.UNKNOWN);
        clock.advance(100_000_000_000L);
        assertThat(rings.get(2).usedIndex()).as("nobody looks").isZero();

        balloon.refreshStatistics();
        assertThat(rings.get(2).usedIndex()).isEqualTo(1);
        tell(1, 4, 2 << 20);
        rings.get(2).add(out(BUFFER, 30));
        rings.get(2).kick();
        assertThat(balloon.freeBytes()).isEqualTo(2 << 20);
        balloon.refreshStatistics();
        assertThat(rings.get(2).usedIndex()).as("asked a moment ago").isEqualTo(1);
        clock.advance(1_000_000_000L);
        assertThat(rings.get(2).usedIndex()).isEqualTo(2);
        clock.advance(100_000_000_000L);
        assertThat(rings.get(2).usedIndex()).as("the driver has not answered").isEqualTo(2);
    }

    @Test
    void aBufferOfStatisticsIsStillThereAfterRestore() {
        start(ALL);
        tell(0, 5, 1 << 30);
        rings.get(2).add(out(BUFFER, 10));
        rings.get(2).kick();
        VirtioBalloon copy = new VirtioBalloon("balloon", ram, (physical, length) -> {}, clock);
        new TestDriver(ram, copy);
        copy.restore(balloon.save());
        assertThat(copy.totalBytes()).isEqualTo(1 << 30);
        copy.refreshStatistics();
        assertThat(rings.get(2).usedIndex()).isEqualTo(1);
    }
}
