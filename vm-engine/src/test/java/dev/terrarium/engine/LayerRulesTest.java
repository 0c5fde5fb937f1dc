// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The arrows between the engine's packages, each with its reason. */
@AnalyzeClasses(packages = "dev.terrarium.engine", importOptions = ImportOption.DoNotIncludeTests.class)
class LayerRulesTest {
    private static final String ENGINE = "dev.terrarium.engine";

    @ArchTest
    static final ArchRule engineHasNoWindow = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("javafx..", "java.awt..", "javax.swing..")
            .because("a machine runs without a screen, on servers and in scripts");

    @ArchTest
    static final ArchRule devicesKnowNoProcessor = noClasses()
            .that()
            .resideInAPackage(ENGINE + ".device..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    ENGINE + ".processor.software..",
                    ENGINE + ".processor.kvm..",
                    ENGINE + ".board..",
                    ENGINE + ".image..",
                    ENGINE + ".library..",
                    ENGINE + ".vnc..",
                    ENGINE + ".control..")
            .because("a device is a state machine with its wiring handed in: any processor and any backend will do");

    @ArchTest
    static final ArchRule devicesOwnNoThreadOrFile = noClasses()
            .that()
            .resideInAPackage(ENGINE + ".device..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("java.nio.file..", "java.nio.channels..", "java.net..", "java.util.concurrent..")
            .because(
                    "the board's lock, clock and I/O threads are the only ones: saving a device cannot then miss anything");

    @ArchTest
    static final ArchRule processorsKnowMemoryOnly = noClasses()
            .that()
            .resideInAPackage(ENGINE + ".processor..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    ENGINE + ".board..",
                    ENGINE + ".device.chipset..",
                    ENGINE + ".device.display..",
                    ENGINE + ".device.storage..",
                    ENGINE + ".image..",
                    ENGINE + ".library..",
                    ENGINE + ".config..",
                    ENGINE + ".vnc..")
            .because("a processor reaches devices only through ports and the memory map");

    @ArchTest
    static final ArchRule imagesKnowNoMachine = noClasses()
            .that()
            .resideInAPackage(ENGINE + ".image..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(ENGINE + ".board..", ENGINE + ".processor..", ENGINE + ".library..", ENGINE + ".vnc..")
            .because("images are opened by machines, by commands and by tests alike");

    @ArchTest
    static final ArchRule configurationIsPlainData = noClasses()
            .that()
            .resideInAPackage(ENGINE + ".config..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    ENGINE + ".board..", ENGINE + ".library..", ENGINE + ".device..", ENGINE + ".processor..")
            .because("wizards and scripts make configurations without an engine");

    @ArchTest
    static final ArchRule oneDoorToNativeCode = noClasses()
            .that()
            .resideOutsideOfPackages(ENGINE + ".posix..", ENGINE + ".memory..")
            .should()
            .dependOnClassesThat()
            .haveFullyQualifiedName("java.lang.foreign.Linker")
            .because(
                    "every native call is in engine.posix, where its error handling and its arguments are checked once");

    @ArchTest
    static final ArchRule processorsAloneAreUnchecked = noClasses()
            .that()
            .resideOutsideOfPackages(ENGINE + ".processor..", ENGINE + ".memory..")
            .should()
            .dependOnClassesThat()
            .haveFullyQualifiedName(ENGINE + ".memory.Unchecked")
            .because("an address that is not checked must come from a TLB or from the kernel (decision 4)");

    @ArchTest
    static final ArchRule interfaceKnowsItsFactoryOnly = classes()
            .that()
            .resideInAPackage(ENGINE)
            .and()
            .doNotHaveFullyQualifiedName(ENGINE + ".Engine")
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage(ENGINE, ENGINE + ".config..", "java..", "org.jspecify..")
            .because("windows and scripts see what a machine is, not how it is built");
}
