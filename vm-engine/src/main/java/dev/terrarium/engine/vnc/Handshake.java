// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.vnc;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/** The part of a connection before ServerInit: versions 3.3, 3.7 and 3.8 and security (RFC 6143, section 7.1). */
final class Handshake {
    private static final int NONE = 1;
    private static final int VNC_AUTHENTICATION = 2;
    private static final int CHALLENGE_LENGTH = 16;
    private static final int KEY_LENGTH = 8;
    private static final SecureRandom RANDOM = new SecureRandom();

    private final DataInputStream in;
    private final OutputStream out;
    private final WireOutput wire = new WireOutput();

    Handshake(DataInputStream in, OutputStream out) {
        this.in = in;
        this.out = out;
    }

    /** Returns when the client may go on; throws if it may not. */
    void run(@Nullable String password) throws IOException {
        out.write("RFB 003.008\n".getBytes(StandardCharsets.US_ASCII));
        out.flush();
        int minor = readVersion();
        int type = password == null ? NONE : VNC_AUTHENTICATION;
        if (minor == 3) {
            wire.u32(type);
            send();
        } else {
            wire.u8(1);
            wire.u8(type);
            send();
            int chosen = in.readUnsignedByte();
            if (chosen != type) {
                fail(minor, "this security type was not offered");
            }
        }
        if (password != null) {
            byte[] challenge = new byte[CHALLENGE_LENGTH];
            RANDOM.nextBytes(challenge);
            wire.raw(challenge, 0, challenge.length);
            send();
            byte[] response = new byte[CHALLENGE_LENGTH];
            in.readFully(response);
            if (!MessageDigest.isEqual(response, encrypt(challenge, password))) {
                fail(minor, "the password is wrong");
            }
        }
        if (password != null || minor == 8) {
            wire.u32(0);
            send();
        }
        in.readUnsignedByte();
    }

    private int readVersion() throws IOException {
        byte[] bytes = new byte[12];
        in.readFully(bytes);
        String version = new String(bytes, StandardCharsets.US_ASCII);
        if (!version.matches("RFB \\d{3}\\.\\d{3}\n")) {
            throw new RfbProtocolException("not an RFB client");
        }
        int minor = Integer.parseInt(version.substring(8, 11));
        if (Integer.parseInt(version.substring(4, 7)) > 3 || minor >= 8) {
            return 8;
        }
        return minor == 7 ? 7 : 3;
    }

    private void send() throws IOException {
        wire.drainTo(out);
        out.flush();
    }

    private void fail(int minor, String reason) throws IOException {
        wire.u32(1);
        if (minor == 8) {
            byte[] text = reason.getBytes(StandardCharsets.UTF_8);
            wire.u32(text.length);
            wire.raw(text, 0, text.length);
        }
        send();
        throw new RfbProtocolException(reason);
    }

    /** RFC 6143, section 7.2.2: DES with the password as the key, the bits of each of its bytes in reverse order. */
    @SuppressWarnings("InsecureCryptoUsage") // the protocol prescribes single DES
    static byte[] encrypt(byte[] challenge, String password) {
        byte[] key = Arrays.copyOf(password.getBytes(StandardCharsets.ISO_8859_1), KEY_LENGTH);
        for (int i = 0; i < key.length; i++) {
            key[i] = (byte) (Integer.reverse(key[i]) >>> 24);
        }
        try {
            Cipher cipher = Cipher.getInstance("DES/ECB/NoPadding");
            cipher.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(key, "DES"));
            return cipher.doFinal(challenge);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java runtime has DES", e);
        }
    }
}
