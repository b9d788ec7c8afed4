// SPDX-License-Identifier: Apache-2.0
package dev.basalt.linux.doctor;

/**
 * The best back end for a target.
 *
 * @param uri what to open, or empty when nothing can be
 * @param reason why this one, or why none
 * @param better a faster one, and what has to be done for it; empty when there is none
 */
public record BackEndChoice(String uri, String reason, String better) {}
