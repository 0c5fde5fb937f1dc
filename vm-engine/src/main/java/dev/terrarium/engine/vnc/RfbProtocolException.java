// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.vnc;

import java.io.IOException;

/** A client said something that RFC 6143 does not allow, or that is refused here; ends its connection. */
final class RfbProtocolException extends IOException {
    private static final long serialVersionUID = 1L;

    RfbProtocolException(String message) {
        super(message);
    }
}
