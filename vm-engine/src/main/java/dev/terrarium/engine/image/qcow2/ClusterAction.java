// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.image.qcow2;

import java.io.IOException;

/** Something to do with a host cluster. */
@FunctionalInterface
interface ClusterAction {
    void accept(long cluster) throws IOException;
}
