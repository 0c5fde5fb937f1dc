// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.console;

/** What became of a request for another size of the guest's screen (rfbproto, "ExtendedDesktopSize Pseudo-encoding"). */
public enum SizeAnswer {
    /** The screen has the size, or nearly. */
    DONE,
    /** The server does not let viewers choose; Terrarium's says so for VGA, whose mode the guest alone sets. */
    PROHIBITED,
    /** There is too little video memory. */
    OUT_OF_RESOURCES,
    /** The server cannot make such a screen. */
    INVALID_LAYOUT,
    /** The guest was asked, and may do it later. */
    FORWARDED,
    /** Refused for a reason that has no name here. */
    REFUSED,
    /** The server knows no such requests. */
    UNSUPPORTED,
    /** The connection ended first. */
    DISCONNECTED;

    /** The meaning of a reply's status code. */
    static SizeAnswer of(int status) {
        return switch (status) {
            case 0 -> DONE;
            case 1 -> PROHIBITED;
            case 2 -> OUT_OF_RESOURCES;
            case 3 -> INVALID_LAYOUT;
            case 4 -> FORWARDED;
            default -> REFUSED;
        };
    }
}
