// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.bench;

import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.util.Arrays;

/**
 * What a JVM has committed for itself, in bytes. The pool {@code Metaspace} includes the compressed class space.
 *
 * @param heap of it Java objects may use all
 * @param code compiled code
 */
record JvmMemory(long heap, long metaspace, long code) {
    static JvmMemory ofThisProcess() {
        long heap = 0;
        long metaspace = 0;
        long code = 0;
        for (MemoryPoolMXBean pool : ManagementFactory.getMemoryPoolMXBeans()) {
            long committed = pool.getUsage().getCommitted();
            if (pool.getType() == MemoryType.HEAP) {
                heap += committed;
            } else if (pool.getName().startsWith("Code")) {
                code += committed;
            } else if (pool.getName().equals("Metaspace")) {
                metaspace += committed;
            }
        }
        return new JvmMemory(heap, metaspace, code);
    }

    static JvmMemory parse(String text) {
        long[] values = Arrays.stream(text.strip().split(" "))
                .mapToLong(Long::parseLong)
                .toArray();
        return new JvmMemory(values[0], values[1], values[2]);
    }

    String format() {
        return heap + " " + metaspace + " " + code;
    }

    long total() {
        return heap + metaspace + code;
    }
}
