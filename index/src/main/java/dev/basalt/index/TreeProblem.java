// SPDX-License-Identifier: Apache-2.0
package dev.basalt.index;

/**
 * Something a {@link TreeVerifier} found wrong.
 *
 * @param pageId the page
 * @param found what is there
 * @param expected what should be
 */
public record TreeProblem(long pageId, String found, String expected) {
  @Override
  public String toString() {
    return "page " + pageId + ": " + found + ", expected " + expected;
  }
}
