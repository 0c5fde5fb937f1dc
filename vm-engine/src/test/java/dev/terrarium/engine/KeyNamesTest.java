// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeyNamesTest {
    @Test
    void combinationsAreScanCodesInOrder() throws Exception {
        assertThat(KeyNames.parse("ctrl-alt-delete")).isEqualTo(List.of(0x1D, 0x38, 0xD3));
        assertThat(KeyNames.parse("Ctrl+Alt+F2")).isEqualTo(List.of(0x1D, 0x38, 0x3C));
        assertThat(KeyNames.parse("f10")).isEqualTo(List.of(0x44));
        assertThat(KeyNames.parse("f11")).isEqualTo(List.of(0x57));
        assertThat(KeyNames.parse("ctrl-minus")).isEqualTo(List.of(0x1D, 0x0C));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-", "ctrl-", "banana", "f13", "ctrl--a"})
    void whatIsNoKeyIsNamed(String combination) {
        assertThatThrownBy(() -> KeyNames.parse(combination))
                .isInstanceOf(TerrariumException.class)
                .hasMessageContaining("there is no key");
    }

    @Test
    void everyPrintableAsciiCharacterCanBeTyped() throws Exception {
        for (char character = ' '; character < 0x7F; character++) {
            assertThat(KeyNames.forCharacter(character)).as("%c", character).isNotEmpty();
        }
        assertThat(KeyNames.forCharacter('A')).isEqualTo(List.of(0x2A, 0x1E));
        assertThat(KeyNames.forCharacter('\n')).isEqualTo(KeyNames.forCharacter('\r'));
        assertThatThrownBy(() -> KeyNames.forCharacter('é')).isInstanceOf(TerrariumException.class);
    }
}
