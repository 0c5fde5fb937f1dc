// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.config;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Arrays;
import java.util.Optional;

/**
 * Which instruction-set extensions a machine's processors have: a level of the x86-64 psABI (section 3.1.1), or all that
 * what runs the machine can offer. A machine with a level sees the same processor on every computer.
 */
public enum CpuModel {
    /** SSE2: what every x86-64 processor has. */
    X86_64_V1("x86-64-v1"),

    /** To SSE4.2, POPCNT and CMPXCHG16B: processors since 2009. */
    X86_64_V2("x86-64-v2"),

    /** To AVX2, BMI2 and FMA: processors since 2013. */
    X86_64_V3("x86-64-v3"),

    /** Everything there is. */
    BEST("best");

    private final String id;

    CpuModel(String id) {
        this.id = id;
    }

    /** The name in {@code machine.json} and of {@code --cpu}. */
    @JsonValue
    public String id() {
        return id;
    }

    /** The model of that {@link #id}; empty if there is none. */
    public static Optional<CpuModel> of(String id) {
        return Arrays.stream(values()).filter(model -> model.id.equals(id)).findFirst();
    }
}
