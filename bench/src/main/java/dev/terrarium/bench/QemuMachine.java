// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.bench;

import java.io.IOException;

/** stub replaced below */
final class QemuMachine extends GuestMachine {
    QemuMachine() { super("QEMU TCG"); }
    @Override double powerOn() throws IOException { throw new IOException(); }
    @Override void powerOff() {}
    @Override void pause() {}
    @Override void resume() {}
    @Override Process process() { throw new IllegalStateException(); }
    @Override SerialLines serial() { throw new IllegalStateException(); }
}
