// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.MethodModel;
import java.lang.classfile.attribute.CodeAttribute;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** HotSpot never compiles a method of more than 8,000 bytes of bytecode; no method of the processor may be one. */
final class BytecodeSizeTest {
    private static final int HUGE_METHOD_LIMIT = 8000;

    @Test
    void everyMethodCanBeCompiled() throws IOException, URISyntaxException {
        Path folder = Path.of(Interpreter.class.getResource("Interpreter.class").toURI())
                .getParent();
        List<Path> classes;
        try (Stream<Path> files = Files.list(folder)) {
            classes = files.filter(file -> file.toString().endsWith(".class")).toList();
        }
        assertThat(classes).hasSizeGreaterThan(20);
        for (Path file : classes) {
            for (MethodModel method : ClassFile.of().parse(file).methods()) {
                int length = method.code()
                        .map(code -> ((CodeAttribute) code).codeLength())
                        .orElse(0);
                assertThat(length)
                        .as("%s.%s", file.getFileName(), method.methodName())
                        .isLessThan(HUGE_METHOD_LIMIT);
            }
        }
    }
}
