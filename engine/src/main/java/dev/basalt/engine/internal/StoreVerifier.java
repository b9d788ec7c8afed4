// SPDX-License-Identifier: Apache-2.0
package dev.basalt.engine.internal;

import dev.basalt.engine.VerifyReport;
import dev.basalt.engine.VerifyReport.TableReport;
import dev.basalt.index.PageSpace;
import dev.basalt.index.TreeProblem;
import dev.basalt.index.TreeVerifier;
import java.util.ArrayList;
import java.util.List;

/** Checks all trees of a store and that each page has one owner. No writer is inside meanwhile. */
final class StoreVerifier {
  private final TreeVerifier verifier;
  private final List<TableReport> reports = new ArrayList<>();

  StoreVerifier(PageSpace space) {
    verifier = new TreeVerifier(space);
  }

  VerifyReport verify(Tables tables, PendingRuns pendingRuns) {
    verifier.verify(tables.catalog().tree());
    for (TableTree table : tables.all().values()) {
      verify(table);
    }
    pendingRuns.note(verifier);
    verifier.verifySpace();
    List<String> problems = new ArrayList<>();
    for (TreeProblem problem : verifier.problems()) {
      problems.add(problem.toString());
    }
    return new VerifyReport(reports, verifier.pageCount(), problems);
  }

  private void verify(TableTree table) {
    long keys = verifier.keyCount();
    long leaves = verifier.leafCount();
    long pages = verifier.pageCount();
    verifier.verify(table.tree());
    reports.add(
        new TableReport(
            table.name(),
            verifier.keyCount() - keys,
            verifier.leafCount() - leaves,
            verifier.pageCount() - pages,
            table.tree().height()));
  }
}
