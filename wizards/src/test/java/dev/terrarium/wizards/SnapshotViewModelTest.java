// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.wizards;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terrarium.engine.Snapshot;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The dialog that takes a snapshot, without a screen. */
class SnapshotViewModelTest {
    @Test
    void aNameIsProposedThatIsFree() {
        assertThat(SnapshotViewModel.proposal(Set.of())).isEqualTo("Snapshot 1");
        assertThat(SnapshotViewModel.proposal(Set.of("a", "b"))).isEqualTo("Snapshot 3");
        assertThat(SnapshotViewModel.proposal(Set.of("Snapshot 2"))).isEqualTo("Snapshot 3");
    }

    @Test
    void namesAreChecked() {
        SnapshotViewModel model = new SnapshotViewModel("Snapshot 1", "", Set.of("taken"), true);
        assertThat(model.valid().get()).isTrue();
        for (String wrong : new String[] {"", "  ", " taken ", "x".repeat(121)}) {
            model.name.set(wrong);
            assertThat(model.valid().get()).as(wrong).isFalse();
        }
        model.name.set(" before the update ");
        model.description.set(" it works \n");
        assertThat(model.request())
                .isEqualTo(new Snapshot.Request("before the update", "it works", true, Snapshot.Storage.OVERLAY));
        assertThat(model.edit()).isEqualTo(new SnapshotDialogs.Edit("before the update", "it works"));
    }

    @Test
    void aMachineThatIsOffHasNoMemoryToKeep() {
        SnapshotViewModel model = new SnapshotViewModel("a", "", Set.of(), false);
        model.memory.set(true);
        assertThat(model.request().memory()).isFalse();
    }
}
