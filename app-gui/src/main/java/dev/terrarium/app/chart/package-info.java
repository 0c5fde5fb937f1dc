// SPDX-License-Identifier: GPL-3.0-or-later
/** Figures over time: a ring of samples, a small line for lists and a graph for pages. */
package dev.terrarium.app.chart;
