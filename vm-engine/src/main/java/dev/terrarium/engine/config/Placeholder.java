// SPDX-License-Identifier: GPL-3.0-or-later
package dev.terrarium.engine.config;

class Placeholder {}
