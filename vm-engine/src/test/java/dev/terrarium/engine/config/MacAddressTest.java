// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MacAddressTest {
    @Test
    void aCardWithoutAnAddressKeepsItsOwn() {
        UUID machine = new UUID(1, 2);
        MacAddress address = MacAddress.usual(machine, 0);
        assertThat(address.toString()).startsWith("52:54:00:").hasSize(17);
        assertThat(MacAddress.usual(machine, 0)).isEqualTo(address);
        assertThat(MacAddress.usual(machine, 1)).isNotEqualTo(address);
        assertThat(MacAddress.usual(new UUID(1, 3), 0)).isNotEqualTo(address);
    }

    @Test
    void textAndBytesAreTheSameAddress() {
        MacAddress address = MacAddress.of("52:54:00:AB:0c:ff").orElseThrow();
        assertThat(address.toString()).isEqualTo("52:54:00:ab:0c:ff");
        assertThat(address.bytes()).containsExactly(0x52, 0x54, 0, 0xAB, 0x0C, 0xFF);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "52:54:00:12:34", "52-54-00-12-34-56", "01:00:5e:00:00:01", "00:00:00:00:00:00", "x"})
    void othersAreNoAddressesOfCards(String text) {
        assertThat(MacAddress.of(text)).isEmpty();
    }
}
