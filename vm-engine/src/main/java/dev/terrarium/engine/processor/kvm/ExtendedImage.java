// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.kvm;

/** The XSAVE64 image in its standard form, as far as AVX (Intel SDM volume 1, section 13.4). */
final class ExtendedImage {
    /** The FXSAVE64 image without the 48 bytes at its end that belong to software. */
    static final int LEGACY_BYTES = 464;

    /** With the header and the upper halves of YMM0 to YMM15. */
    static final int BYTES = 832;

    /** Bits of XCR0 and of the header's first word. */
    static final long X87_AND_SSE = 3;

    static final long AVX = 4;

    private ExtendedImage() {}
}
