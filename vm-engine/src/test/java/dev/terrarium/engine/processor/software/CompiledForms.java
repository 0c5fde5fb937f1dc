// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Instructions that compiled code executes itself, one a line; memory operands are at RDI. */
final class CompiledForms {
    static final String BITS = """
            bsf eax, ecx
            bsr rax, [rdi]
            bsf ax, cx
            tzcnt rax, rcx
            lzcnt eax, [rdi]
            popcnt r8, r9
            bswap rax
            movbe eax, [rdi]
            movbe [rdi], r9
            crc32 eax, byte [rdi]
            crc32 rax, r8
            bt [rdi], rax
            bts dword [rdi], 5
            btr [rdi], ecx
            btc rax, rcx
            andn eax, ecx, [rdi]
            bextr rax, rcx, rdx
            blsr eax, ecx
            blsi rax, [rdi]
            blsmsk ecx, edx
            bzhi eax, ecx, edx
            pdep rax, rcx, rdx
            pext eax, ecx, edx
            mulx rax, rcx, [rdi]
            rorx eax, ecx, 5
            sarx rax, [rdi], rcx
            shlx eax, ecx, edx
            shrx rax, rcx, rdx
            """;

    static final String INTEGER = """
            shl byte [rdi], cl
            sar word [rdi], 3
            shl cl, 3
            rol word [rdi], cl
            rol eax, 3
            shr eax, cl
            rol rax, cl
            ror byte [rdi], 1
            rcl eax, 1
            rcr qword [rdi], 1
            shld eax, ecx, 5
            shrd [rdi], rcx, cl
            shld rax, rcx, cl
            shrd eax, ecx, 9
            div ecx
            div qword [rdi]
            idiv rcx
            idiv dword [rdi]
            mul cl
            imul rcx
            imul dword [rdi]
            cbw
            cwde
            cdqe
            cwd
            cdq
            cqo
            clc
            stc
            cmc
            cld
            std
            setc [rdi]
            mov eax, fs
            mov [rdi], ds
            push qword [rdi]
            add [rdi], al
            adc word [rdi], cx
            neg qword [rdi]
            """;

    static final String ATOMIC = """
            xchg [rdi], eax
            xchg [rdi], ah
            xadd [rdi], rcx
            xadd eax, ecx
            cmpxchg [rdi], ecx
            cmpxchg cl, dl
            cmpxchg8b [rdi]
            lock cmpxchg8b [rdi]
            lock cmpxchg [rdi], rcx
            lock cmpxchg [rdi], cx
            lock xadd [rdi], ecx
            lock add dword [rdi], 1
            lock adc [rdi], rcx
            lock sbb [rdi], cl
            lock sub [rdi], cx
            lock or byte [rdi], 2
            lock and [rdi], rcx
            lock xor [rdi], ecx
            lock inc qword [rdi]
            lock dec byte [rdi]
            lock not dword [rdi]
            lock neg qword [rdi]
            lock bts [rdi], rcx
            lock btr dword [rdi], 3
            lock btc word [rdi], 3
            """;

    static final String VECTORS = """
            pshufb xmm1, xmm2
            palignr xmm1, [rdi], 5
            pminud xmm1, xmm2
            pmaxsd xmm1, [rdi]
            pmulld xmm1, xmm2
            pcmpeqq xmm1, xmm2
            packusdw xmm1, [rdi]
            ptest xmm1, xmm2
            pblendvb xmm1, [rdi]
            blendvps xmm1, xmm2
            pblendw xmm1, xmm2, 5
            blendpd xmm1, [rdi], 1
            pmovzxbw xmm1, [rdi]
            pmovsxbq xmm1, xmm2
            pextrb eax, xmm1, 3
            pextrd [rdi], xmm1, 3
            pextrq rax, xmm1, 1
            pinsrb xmm1, [rdi], 3
            pinsrq xmm1, rax, 1
            movntdqa xmm1, [rdi]
            addsd xmm1, xmm2
            sqrtps xmm1, [rdi]
            cvttsd2si rax, xmm1
            ucomiss xmm1, [rdi]
            roundsd xmm1, xmm2, 9
            roundps xmm1, [rdi], 4
            cvttps2dq xmm1, xmm2
            cvtps2dq xmm1, [rdi]
            """;

    static final String AVX = """
            vmovdqu ymm1, [rdi]
            vmovdqa [rdi], ymm1
            vmovdqu xmm1, xmm2
            vmovntdq [rdi], ymm1
            vlddqu ymm1, [rdi]
            vpcmpeqb ymm1, ymm2, [rdi]
            vpcmpeqw xmm1, xmm2, xmm3
            vpcmpeqd ymm1, ymm2, ymm3
            vpcmpgtb ymm1, ymm2, ymm3
            vpminub ymm1, ymm2, [rdi]
            vpmaxub ymm1, ymm2, ymm3
            vpminud ymm1, ymm2, ymm3
            vpor ymm1, ymm2, ymm3
            vpand ymm1, ymm2, [rdi]
            vpxor xmm1, xmm1, xmm1
            vpandn ymm1, ymm2, ymm3
            vpaddb xmm1, xmm2, xmm3
            vpaddd ymm1, ymm2, [rdi]
            vpaddq ymm1, ymm2, ymm3
            vpsubb ymm1, ymm2, ymm3
            vpsubw ymm3, ymm2, ymm3
            vpandn xmm2, xmm1, xmm2
            vpalignr ymm3, ymm1, ymm3, 9
            vpmuludq ymm1, ymm2, ymm3
            vpmovmskb eax, ymm1
            vmovmskpd eax, ymm1
            vpbroadcastb ymm1, xmm2
            vpbroadcastw xmm1, [rdi]
            vpbroadcastd ymm1, xmm2
            vpbroadcastq ymm1, [rdi]
            vbroadcastss ymm1, xmm2
            vbroadcasti128 ymm1, [rdi]
            vinserti128 ymm1, ymm2, [rdi], 1
            vextracti128 xmm1, ymm2, 1
            vextracti128 [rdi], ymm2, 0
            vzeroupper
            vptest ymm1, [rdi]
            vpshufb ymm1, ymm2, [rdi]
            vpalignr ymm1, ymm2, ymm3, 7
            vpshufd ymm1, [rdi], 0x1B
            vpunpcklbw ymm1, ymm2, ymm3
            vpackuswb ymm1, ymm2, ymm3
            vpslld ymm1, ymm2, 5
            vpsrldq ymm1, ymm2, 5
            vpsrlq ymm1, ymm2, xmm3
            vpmovzxbw ymm1, [rdi]
            vpmovsxbd ymm1, xmm2
            vpextrq rax, xmm1, 1
            vpinsrd xmm1, xmm2, [rdi], 2
            vmovd eax, xmm1
            vmovq xmm1, rax
            vmovq [rdi], xmm1
            vmovss xmm1, [rdi]
            vmovsd xmm1, xmm2, xmm3
            vmovhps xmm1, xmm2, [rdi]
            vaddsd xmm1, xmm2, [rdi]
            vmulps ymm1, ymm2, [rdi]
            vcmpltps ymm1, ymm2, ymm3
            vsqrtsd xmm1, xmm2, xmm3
            vcvtsi2sd xmm1, xmm2, eax
            vcvttss2si rax, xmm1
            vucomisd xmm1, [rdi]
            vroundpd ymm1, ymm2, 3
            vroundss xmm1, xmm2, xmm3, 10
            vcvttps2dq ymm1, [rdi]
            vpblendd ymm1, ymm2, [rdi], 0x5A
            vpermq ymm1, [rdi], 0x1B
            vperm2i128 ymm1, ymm2, ymm3, 0x21
            vfmadd132sd xmm1, xmm2, [rdi]
            vfmadd231pd ymm1, ymm2, ymm3
            vfnmsub213ss xmm1, xmm2, xmm3
            vfmsub213pd xmm1, xmm2, [rdi]
            """;

    static final List<String> ALL = List.of(BITS, INTEGER, ATOMIC, VECTORS, AVX);

    private CompiledForms() {}

    /** A line and its machine code. */
    record Line(String text, byte[] code, Instruction decoded) {}

    /** Assembles one instruction a line. */
    static List<Line> assemble(String lines) {
        byte[] code = machineCode(lines);
        byte[] padded = new byte[code.length + 15 + Decoder.PADDING];
        System.arraycopy(code, 0, padded, 0, code.length);
        List<Line> all = new ArrayList<>();
        int at = 0;
        for (String line : lines.lines().toList()) {
            Instruction i = new Decoder(padded, FeatureSet.BEST).decode(at, 8, 0);
            assertThat(i.op).as(line).isNotEqualTo(Op.INVALID);
            byte[] bytes = new byte[i.length];
            System.arraycopy(code, at, bytes, 0, i.length);
            all.add(new Line(line, bytes, i));
            at += i.length;
        }
        assertThat(at).isEqualTo(code.length);
        return all;
    }

    private static byte[] machineCode(String lines) {
        try {
            Path source = Files.createTempFile("forms", ".asm");
            Path binary = Files.createTempFile("forms", ".bin");
            try {
                Files.writeString(source, "bits 64\n" + lines);
                Process nasm = new ProcessBuilder(
                                "nasm", "-w-all", "-f", "bin", "-o", binary.toString(), source.toString())
                        .redirectErrorStream(true)
                        .start();
                String output = new String(nasm.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
                assertThat(nasm.waitFor()).as(output).isZero();
                return Files.readAllBytes(binary);
            } finally {
                Files.deleteIfExists(source);
                Files.deleteIfExists(binary);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }
}
