// SPDX-License-Identifier: Apache-2.0
package dev.basalt.bench.stress;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.basalt.iostack.internal.IoCommand;
import dev.basalt.iostack.internal.IoRequest;
import dev.basalt.iostack.internal.RequestPool;
import org.jspecify.annotations.Nullable;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * Stress tests of {@link RequestPool} and {@link IoRequest}: the way of a blocking call to a poller
 * and back. A lost wake-up shows as a test that does not end.
 */
public final class IoRequestStress {
  private static final UnspunExecution EXECUTION = new UnspunExecution();

  private IoRequestStress() {}

  /** Should never hand one request to two callers. */
  @JCStressTest
  @Outcome(id = "0, 0, .*", expect = FORBIDDEN, desc = "one request, two callers")
  @Outcome(id = "-1, -1, .*", expect = FORBIDDEN, desc = "nobody got the free request")
  @Outcome(id = "0, -1, 0", expect = ACCEPTABLE, desc = "the first")
  @Outcome(id = "-1, 0, 0", expect = ACCEPTABLE, desc = "the second")
  @State
  public static class Acquire {
    private final RequestPool pool = new RequestPool(1);

    @Actor
    public void first(III_Result result) {
      result.r1 = pool.tryAcquire();
    }

    @Actor
    public void second(III_Result result) {
      result.r2 = pool.tryAcquire();
    }

    @Arbiter
    public void whole(III_Result result) {
      result.r3 = pool.isWhole() ? 1 : 0;
    }
  }

  /** Should never lose a request, nor hand one out twice, when stale heads meet (ABA). */
  @JCStressTest
  @Outcome(id = "0, .", expect = FORBIDDEN, desc = "a request is lost")
  @Outcome(id = "1, .", expect = FORBIDDEN, desc = "a request is lost")
  @Outcome(id = "2, 0", expect = FORBIDDEN, desc = "the same request twice")
  @Outcome(id = "2, 1", expect = ACCEPTABLE, desc = "both are free again")
  @State
  public static class Recycle {
    private final RequestPool pool = new RequestPool(2);

    @Actor
    public void inOrder() {
      int first = pool.tryAcquire();
      int second = pool.tryAcquire();
      release(first);
      release(second);
    }

    @Actor
    public void inOtherOrder() {
      int first = pool.tryAcquire();
      int second = pool.tryAcquire();
      release(second);
      release(first);
    }

    @Arbiter
    public void count(II_Result result) {
      int first = pool.tryAcquire();
      int second = pool.tryAcquire();
      result.r1 = (first >= 0 ? 1 : 0) + (second >= 0 ? 1 : 0);
      result.r2 = first == second ? 0 : 1;
    }

    private void release(int index) {
      if (index >= 0) {
        pool.release(index);
      }
    }
  }

  /** Should never miss a completion, nor give a call the status of the one before it. */
  @JCStressTest
  @Outcome(id = "0, .", expect = FORBIDDEN, desc = "went on before its completion")
  @Outcome(id = "1, 1", expect = FORBIDDEN, desc = "the status of the call before")
  @Outcome(id = "1, 2", expect = ACCEPTABLE, desc = "each call its own status")
  @State
  public static class Complete {
    private final IoRequest request = new RequestPool(1).get(0);
    private volatile @Nullable IoRequest first;
    private volatile @Nullable IoRequest second;

    @Actor
    public void caller(II_Result result) {
      request.set(IoCommand.FLUSH, 0, 0, 0, null);
      first = request;
      result.r1 = request.await(EXECUTION);
      request.set(IoCommand.FLUSH, 0, 0, 0, null);
      second = request;
      result.r2 = request.await(EXECUTION);
    }

    @Actor
    public void poller() {
      IoRequest published = first;
      for (; published == null; published = first) {
        Thread.onSpinWait();
      }
      published.complete(1, EXECUTION);
      published = second;
      for (; published == null; published = second) {
        Thread.onSpinWait();
      }
      published.complete(2, EXECUTION);
    }
  }
}
