// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.app;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The arrows between the modules: app to wizards to console to the engine's API, and never back. */
@AnalyzeClasses(packages = "dev.terrarium", importOptions = ImportOption.DoNotIncludeTests.class)
class LayerRulesTest {
    private static final String[] ENGINE_INSIDES = {
        "dev.terrarium.engine.library..",
        "dev.terrarium.engine.board..",
        "dev.terrarium.engine.processor..",
        "dev.terrarium.engine.memory..",
        "dev.terrarium.engine.device..",
        "dev.terrarium.engine.firmware..",
        "dev.terrarium.engine.image..",
        "dev.terrarium.engine.net..",
        "dev.terrarium.engine.vnc..",
        "dev.terrarium.engine.state..",
        "dev.terrarium.engine.control..",
        "dev.terrarium.engine.posix.."
    };

    @ArchTest
    static final ArchRule theEngineKnowsNoWindow = noClasses()
            .that()
            .resideInAPackage("dev.terrarium.engine..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "javafx..",
                    "java.awt..",
                    "javax.swing..",
                    "dev.terrarium.app..",
                    "dev.terrarium.wizards..",
                    "dev.terrarium.console..",
                    "dev.terrarium.icons..")
            .because("machines also run on servers without a screen");

    @ArchTest
    static final ArchRule windowsUseTheEnginesApiOnly = noClasses()
            .that()
            .resideInAnyPackage("dev.terrarium.app..", "dev.terrarium.wizards..", "dev.terrarium.console..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(ENGINE_INSIDES)
            .because("a machine run by another process must look the same, and the engine's insides may change");

    @ArchTest
    static final ArchRule theConsoleStandsAlone = noClasses()
            .that()
            .resideInAPackage("dev.terrarium.console..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("dev.terrarium.app..", "dev.terrarium.wizards..")
            .because("a console can be shown without the rest of the window");

    @ArchTest
    static final ArchRule wizardsDoNotKnowTheApplication = noClasses()
            .that()
            .resideInAPackage("dev.terrarium.wizards..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.terrarium.app..")
            .because("the application opens wizards and is told what they made; they need nothing of it");

    @ArchTest
    static final ArchRule theCommandLineDoesNotNeedTheWindow = noClasses()
            .that()
            .resideInAPackage("dev.terrarium.app.cli..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("javafx..", "atlantafx..", "dev.terrarium.wizards..", "dev.terrarium.console..")
            .allowEmptyShould(true)
            .because("commands work on computers without a display, and start without loading a toolkit");

    @ArchTest
    static final ArchRule chartsAndSettingsKnowNoWindow = noClasses()
            .that()
            .resideInAnyPackage("dev.terrarium.app.chart..", "dev.terrarium.app.settings..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.terrarium.app.window..")
            .because("they are parts; the window is made of them");

    @ArchTest
    static final ArchRule viewModelsHaveNoNodes = noClasses()
            .that()
            .haveSimpleNameEndingWith("ViewModel")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("javafx.scene..", "javafx.stage..", "javafx.application..")
            .because("view models are tested without a screen");
}
