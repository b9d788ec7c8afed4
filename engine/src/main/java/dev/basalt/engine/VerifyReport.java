// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine;

import java.util.List;

/**
 * What {@link Store#verify} found.
 *
 * @param tables one report per table, in the order of their names
 * @param pageCount pages in use, of all tables, the catalog and the space map
 * @param problems one line each; empty when the store is whole
 */
public record VerifyReport(List<TableReport> tables, long pageCount, List<String> problems) {
  /** Copies the lists. */
  public VerifyReport {
    tables = List.copyOf(tables);
    problems = List.copyOf(problems);
  }

  /**
   * Tells whether nothing is wrong.
   *
   * @return true when there are no problems
   */
  public boolean isWhole() {
    return problems.isEmpty();
  }

  /**
   * What was found in one table.
   *
   * @param name the table
   * @param entryCount its entries
   * @param leafPageCount its leaves
   * @param pageCount its pages: leaves, inner nodes and those of large values
   * @param height levels of its tree, 1 for a single leaf
   */
  public record TableReport(
      String name, long entryCount, long leafPageCount, long pageCount, int height) {}
}
