// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.processor.software;

/** What else must forget translations of linear addresses when the TLB does. */
interface TranslationListener {
    /** All of them. */
    void forgetTranslations();

    /** Those through pages that are not global. */
    void forgetLocalTranslations();

    /** That of the page, small or large, which contains {@code linear}. */
    void forgetTranslation(long linear);
}
