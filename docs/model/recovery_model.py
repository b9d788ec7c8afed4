#!/usr/bin/env python3
"""Randomised model of Basalt's recovery (docs/architecture.md), its specification in executable form.

Concurrent clients commit batches against a small B+tree of pages with random evictions, fuzzy checkpoints, splits, merges,
page reuse, a volatile device cache (unflushed page writes are kept, lost or torn), and crashes anywhere, also during recovery.
Which pages are allocated is itself a page (id 0, the space map), changed by deltas in the record of the structure change. Every
fifth value is large: its pages are a pending run, allocated by a record of their own, written and flushed before the commit
record that publishes them. After each recovery the tree must be structurally whole and hold exactly the logged commits; every
acknowledged one is among them; each page has one owner and the map agrees, with no page leaked.

    recovery_model.py [--seeds N] [--start S] [--atomic] [--break RULE]
--atomic: a device that never tears a page; no page images are logged then.
RULE plants a bug (the model must then fail): wal flush-ack image redo-point order structure free run-flush blind leak.
"""
import argparse, random, copy

LEAF_CAP, INNER_CAP, KEYS = 4, 4, 60

class Crash(Exception): pass
class Page:
    __slots__ = ("leaf", "lo", "hi", "lsn", "slsn", "keys", "kids", "dirty")
    def __init__(self, leaf, lo, hi):
        self.leaf, self.lo, self.hi, self.lsn, self.slsn, self.dirty = leaf, lo, hi, 0, 0, True
        self.keys = {} if leaf else []      # leaf: key -> value; inner: separators
        self.kids = []                      # inner: child page ids, len(keys) + 1
    def copy(self): return copy.deepcopy(self)

TORN = object()
class Big(tuple):
    """Overflow value: (pages, run lsn, content)."""
    pages = property(lambda s: s[0]); run = property(lambda s: s[1]); content = property(lambda s: s[2])

class Device:
    """Page writes go to a volatile cache; flush makes them durable. The superblock write is atomic and flushed."""
    def __init__(self, atomic):
        self.atomic, self.durable, self.cache, self.redo, self.begin, self.log = atomic, {}, {}, 1, 1, []
    def write(self, pid, page): self.cache.setdefault(pid, []).append(page)
    def flush(self):
        for pid, ws in self.cache.items(): self.durable[pid] = ws[-1]
        self.cache = {}
    def read(self, pid):
        return self.cache[pid][-1] if pid in self.cache else self.durable.get(pid)
    def crash(self, rnd):
        for pid, ws in self.cache.items():
            r = rnd.random()
            if r < 0.35: self.durable[pid] = rnd.choice(ws)
            elif r < 0.7 and not self.atomic: self.durable[pid] = TORN
        self.cache = {}

class Engine:
    ROOT = 1
    def __init__(self, dev, rnd, bug):
        self.dev, self.rnd, self.bug = dev, rnd, bug
        self.pool, self.tail, self.inflight, self.locks, self.freed = {}, [], set(), set(), set()
        self.begin, self.stats = dev.begin, {"split": 0, "merge": 0, "evict": 0, "ckpt": 0, "image": 0, "run": 0, "unlink": 0, "released": 0, "skipped": 0}
        self.pending, self.maplock = set(), False
        self.fuse = None                    # steps until a crash
    # --- log: records are (lsn, kind, body); dev.log is durable, self.tail is not yet
    def next_lsn(self): return len(self.dev.log) + len(self.tail) + 1
    def append(self, kind, body):
        lsn = self.next_lsn(); self.tail.append((lsn, kind, body)); return lsn
    def flush_log(self, upto):
        while self.tail and self.tail[0][0] <= upto: self.dev.log.append(self.tail.pop(0))
    def tick(self):
        if self.fuse is not None:
            self.fuse -= 1
            if self.fuse <= 0: raise Crash()
        r = self.rnd.random()
        if r < 0.25 and self.pool: self.evict(self.rnd.choice(list(self.pool)))
        elif r < 0.28: self.flush_log(self.next_lsn())
        elif r < 0.30: self.dev.flush()
    # --- pool
    def page(self, pid):
        if pid not in self.pool:
            p = self.dev.read(pid); assert p is not None and p is not TORN, f"page {pid} unreadable"
            self.pool[pid] = p.copy(); self.pool[pid].dirty = False
        return self.pool[pid]
    def write_back(self, pid):
        p = self.pool[pid]
        if p.dirty:
            if self.bug != "wal": self.flush_log(p.lsn)                     # WAL rule
            p.dirty = False; self.dev.write(pid, p.copy())
    def evict(self, pid): self.write_back(pid); del self.pool[pid]; self.stats["evict"] += 1
    # --- changes
    def image_if_needed(self, pid):
        """Before the first change since the newest checkpoint *began*: log the page as it is. (The redo point is too old a bound:
        commits in flight pull it back, and a page changed between it and the begin may have no image after it.)"""
        p = self.page(pid)
        if p.lsn < self.begin and self.bug != "image" and not self.dev.atomic:
            p.lsn = self.append("pages", {pid: p.copy()}); self.stats["image"] += 1
            for q in self.tail[-1][2].values(): q.lsn = p.lsn
    def structure(self, images, deltas=(), alloc=(), free=(), run=None):
        """One record for a whole structure change: new images of some pages, deltas for others (pid -> (name, arguments)). A page
        gets a delta only after image_if_needed. All touched pages carry the record's LSN (lsn, and slsn: the last structure change). A
        delta names the slsn it was made on and is redone on exactly that: a page that was freed later may have no base, or one from an
        earlier life."""
        deltas = dict(deltas)
        if alloc or free: self.image_if_needed(0); deltas[0] = ("map", list(alloc), list(free))
        for pid in [*images, *deltas]: assert pid in self.pool or pid == 0
        deltas = {pid: (self.page(pid).slsn, d) for pid, d in deltas.items()}
        for pid, (_, d) in deltas.items(): self.redo_delta(self.pool[pid], d)
        lsn = self.next_lsn()
        for pid in [*images, *deltas]: self.pool[pid].lsn = self.pool[pid].slsn = lsn; self.pool[pid].dirty = True
        body = {pid: self.pool[pid].copy() for pid in images} | deltas
        if self.bug == "structure": body.pop(max(body))
        self.append("pages", body)
        if run: self.tail[-1] = (lsn, "pages", body | {"run": run})
        return lsn
    @staticmethod
    def redo_delta(p, d):
        name, *a = d
        if name == "cut":                            # a split moved everything from this key on to a new right page
            p.hi = a[0]
            if p.leaf: p.keys = {k: v for k, v in p.keys.items() if k < a[0]}
            else: i = p.keys.index(a[0]); p.keys, p.kids = p.keys[:i], p.kids[:i + 1]
        elif name == "add": i = p.kids.index(a[0]); p.keys.insert(i, a[1]); p.kids.insert(i + 1, a[2])
        elif name == "drop": i = p.kids.index(a[0]); del p.keys[i - 1]; del p.kids[i]
        elif name == "map":
            for q in a[0]: assert q not in p.keys, f"page {q} allocated twice"; p.keys[q] = True
            for q in a[1]: assert q in p.keys, f"page {q} freed twice"; del p.keys[q]
        elif name == "unlink": p.keys.pop(a[0], None)
    def alloc(self, n=1):
        used, out = self.page(0).keys, []
        for q in range(self.rnd.randint(2, 12), 4000):
            if q not in used: out.append(q)
            if len(out) == n: break
        return out if n > 1 else out[0]
    def path(self, key):
        pid, way = self.ROOT, []
        while True:
            p = self.page(pid); way.append(pid)
            if p.leaf: return way
            pid = p.kids[sum(1 for s in p.keys if s <= key)]
    def split(self, way):
        """Split the last page of way; parents with room are guaranteed by splitting top down. Atomic (latched) in the model."""
        for depth, pid in enumerate(way):
            p = self.page(pid)
            full = len(p.keys) >= (LEAF_CAP if p.leaf else INNER_CAP)
            if not full: continue
            for q in way: self.page(q)
            ks = sorted(p.keys); mid = ks[len(ks) // 2]
            if pid == self.ROOT:
                l, r = self.alloc(2)
                self.pool[l], self.pool[r] = Page(p.leaf, p.lo, mid), Page(p.leaf, mid, p.hi)
                self.divide(p, self.pool[l], self.pool[r], mid)
                p.leaf, p.keys, p.kids = False, [mid], [l, r]
                self.structure([self.ROOT, l, r], alloc=[l, r])
            else:
                self.image_if_needed(way[depth - 1]); self.image_if_needed(pid); r = self.alloc()
                self.pool[r] = Page(p.leaf, mid, p.hi)
                self.divide(p, Page(p.leaf, p.lo, mid), self.pool[r], mid)
                self.structure([r], {way[depth - 1]: ("add", pid, mid, r), pid: ("cut", mid)}, alloc=[r])
            self.stats["split"] += 1
            return
    @staticmethod
    def divide(p, left, right, mid):
        if p.leaf:
            left.keys = {k: v for k, v in p.keys.items() if k < mid}; right.keys = {k: v for k, v in p.keys.items() if k >= mid}
        else:
            i = p.keys.index(mid)
            left.keys, left.kids = p.keys[:i], p.kids[:i + 1]
            right.keys, right.kids = p.keys[i + 1:], p.kids[i + 1:]
    def merge(self, way):
        """Merge the leaf with its right sibling when both are small; frees the sibling's page id."""
        if len(way) < 2: return
        par, pid = self.page(way[-2]), way[-1]
        i = par.kids.index(pid)
        if i + 1 >= len(par.kids) or len(par.kids) <= 2: return
        a, rid = self.page(pid), par.kids[i + 1]; b = self.page(rid)
        if len(a.keys) + len(b.keys) > LEAF_CAP - 1: return
        self.image_if_needed(way[-2]); a = self.page(pid)
        a.keys.update(b.keys); a.hi = b.hi; self.pool.pop(rid)
        self.structure([pid], {way[-2]: ("drop", rid)}, free=[rid]); self.stats["merge"] += 1
        if self.bug == "free":                       # reused by somebody who does not log its new content
            self.dev.write(rid, Page(True, 0, 0)); self.dev.write(pid, Page(True, 0, 0))
    def apply(self, key, value, lsn):
        while True:
            way = self.path(key); leaf = self.page(way[-1])
            if value is None or key in leaf.keys or len(leaf.keys) < LEAF_CAP: break
            self.split(way)
        old = leaf.keys.get(key)
        if isinstance(old, Big):
            if old == value: return
            self.page(0); self.page(way[-1]); self.image_if_needed(way[-1]); self.page(0); self.page(way[-1])
            self.structure([], {way[-1]: ("unlink", key)}, free=old.pages); self.stats["unlink"] += 1; self.freed.add(old.run)
            return self.apply(key, value, lsn)
        self.image_if_needed(way[-1])
        leaf = self.page(way[-1])
        leaf.keys.pop(key, None) if value is None else leaf.keys.__setitem__(key, value)
        leaf.lsn = max(leaf.lsn, lsn); leaf.dirty = True
        if value is None and len(leaf.keys) <= 1: self.merge(way)
    # --- clients, checkpoint, recovery: generators; every yield is a point where others run
    def commit(self, batch, acked):
        keys = sorted(k for k, _ in batch)
        while self.locks & set(keys): yield
        if self.bug != "order": self.locks |= set(keys)
        runs = []
        for i, (k, v) in enumerate(batch):
            if v is not None and v[0] % 5 == 0:
                pages = self.alloc(self.rnd.randint(2, 3)); run = self.structure([], {}, alloc=pages, run=pages); self.inflight.add(run); runs.append(run); self.stats["run"] += 1
                yield
                for q in pages:
                    p = Page(True, -1, -1); p.keys = {"big": v}; p.lsn = p.slsn = run
                    self.pool[q] = p                    # through the pool: dirty until written
                yield
                for q in pages:
                    if q in self.pool: self.write_back(q)
                if self.bug != "run-flush": self.dev.flush()
                yield
                batch[i] = (k, Big((tuple(pages), run, v)))
        lsn = self.append("batch", batch); self.inflight.add(lsn)
        for k, v in batch: yield; self.apply(k, v, lsn)
        self.inflight.discard(lsn); self.locks -= set(keys)
        for r in runs: self.inflight.discard(r)
        yield
        if self.bug != "flush-ack": self.flush_log(lsn)
        acked.append(lsn)
    def checkpoint(self):
        self.begin = begin = self.next_lsn()
        redo = min([begin] + ([] if self.bug == "redo-point" else list(self.inflight))); todo = [pid for pid, p in self.pool.items() if p.dirty]
        for pid in todo:
            yield
            if pid in self.pool: self.write_back(pid)
        yield
        self.flush_log(self.next_lsn()); self.dev.flush(); self.dev.redo, self.dev.begin = redo, begin; self.stats["ckpt"] += 1
    def recover(self):
        log = self.dev.log[self.dev.redo - 1:]
        for lsn, kind, body in log:                  # step 1, in LSN order: the newest image or delta each page has not seen
            if kind != "pages": continue
            for pid, p in body.items():
                d = self.pool.get(pid) or self.dev.read(pid)
                if pid == "run": continue
                if isinstance(p, Page):
                    if d is None or d is TORN or d.lsn < lsn: self.pool[pid] = p.copy(); self.pool[pid].dirty = True
                elif d is not None and d is not TORN and d.slsn == p[0]:
                    q = self.page(pid); self.redo_delta(q, p[1]); q.lsn, q.slsn, q.dirty = max(q.lsn, lsn), lsn, True
        self.check(leaks=False)
        runs, freed, last = {}, set(), {}
        for lsn, kind, body in log:
            if kind == "pages":
                if "run" in body: runs[lsn] = body["run"]
                if "release" in body: freed.add(body["release"])
            elif kind == "batch":
                for k, v in body: last[k] = lsn
        big = {k for _, kind, body in log if kind == "batch" for k, v in body if isinstance(v, Big)}
        live = set()
        for lsn, kind, body in log:
            if kind == "batch":
                for k, v in body:
                    if isinstance(v, Big) and last[k] == lsn: live.add(v.run)
                    if k in big and last[k] != lsn and self.bug != "blind": self.stats["skipped"] += 1; continue
                    self.tick(); self.apply(k, v, lsn)
        for lsn, kind, body in self.dev.log[self.dev.redo - 1:] + self.tail:     # unlink deltas free their run
            if kind == "pages":
                for pid, d in body.items():
                    if pid == 0 and not isinstance(d, Page) and d[1][0] == "map":
                        for r, pages in runs.items():
                            if lsn > r and set(pages) <= set(d[1][2]): freed.add(r)
        for r, pages in runs.items():
            if r not in freed and r not in live and self.bug != "leak": self.tick(); self.structure([], {}, free=pages); self.stats["released"] += 1
        self.check()
        for _ in self.checkpoint(): self.tick()
    def check(self, leaks=True):
        """Every reachable page is readable, owned once, and its range is what its parent says. Returns the page ids used."""
        used, stack = set(), [(self.ROOT, 0, KEYS)]
        while stack:
            pid, lo, hi = stack.pop(); p = self.page(pid)
            assert pid not in used, f"page {pid} owned twice"
            assert (p.lo, p.hi) == (lo, hi), f"page {pid} covers {p.lo, p.hi}, parent says {lo, hi}"
            used.add(pid)
            if p.leaf:
                assert all(lo <= k < hi for k in p.keys), f"page {pid} holds foreign keys"
                if leaks:
                    for k, v in p.keys.items():
                        if isinstance(v, Big):
                            for q in v.pages:
                                assert q not in used, f"page {q} owned twice (overflow)"; used.add(q)
                                o = self.page(q); assert o.keys == {"big": v.content}, f"overflow page {q} has {o.keys}, not {v}"
                continue
            b = [lo] + p.keys + [hi]; assert len(p.kids) == len(p.keys) + 1
            stack += [(c, b[i], b[i + 1]) for i, c in enumerate(p.kids)]
        if leaks:
            have = set(self.page(0).keys) | {1}
            assert have >= used, f"pages {used - have} are used but free in the map"
            if leaks == "quiet": assert have == used, f"pages {have - used} leaked"
        return used
    def content(self):
        out, stack = {}, [self.ROOT]
        while stack:
            p = self.page(stack.pop())
            if p.leaf: out.update(p.keys)
            else: stack += p.kids
        return out

def run(seed, bug, totals, atomic):
    rnd = random.Random(seed); dev = Device(atomic); e = Engine(dev, rnd, bug)
    e.pool[1] = Page(True, 0, KEYS); e.pool[0] = Page(True, -1, -1); e.structure([0, 1]); e.flush_log(1)
    acked, value = [], 0
    for life in range(rnd.randint(2, 4)):
        tasks, ck = [], None
        steps = rnd.randint(50, 400)
        for _ in range(steps):
            if len(tasks) < 3:
                value += 1; ks = rnd.sample(range(KEYS), rnd.choice([1, 1, 1, 2, 4]))
                tasks.append(e.commit([(k, None if rnd.random() < 0.45 else (value, k)) for k in ks], acked))
            if ck is None and rnd.random() < 0.02: ck = e.checkpoint()
            e.tick()
            t = rnd.choice(tasks + ([ck] if ck else []))
            try: next(t)
            except StopIteration:
                if t is ck: ck = None
                else: tasks.remove(t)
        for _ in range(rnd.randint(1, 4)):              # crash, recover, maybe crash again on the way
            for k in e.stats: totals[k] = totals.get(k, 0) + e.stats[k]
            if rnd.random() < 0.5: e.flush_log(e.next_lsn() - rnd.randint(0, len(e.tail)))   # some of the unacknowledged tail made it
            dev.crash(rnd)
            want = {}
            for lsn, kind, body in dev.log:
                if kind == "batch":
                    for k, v in body: want.pop(k, None) if v is None else want.__setitem__(k, v)
            logged = {lsn for lsn, kind, _ in dev.log if kind == "batch"}
            lost = [a for a in acked if a not in logged]; assert not lost, f"acknowledged commits {lost} lost"
            e = Engine(dev, rnd, bug); e.fuse = rnd.randint(1, 300) if rnd.random() < 0.5 else None
            try: e.recover()
            except Crash: totals["crash in recovery"] = totals.get("crash in recovery", 0) + 1; continue
            e.check("quiet"); got = e.content()
            assert got == want, f"state differs: {sorted(set(got.items()) ^ set(want.items()))[:6]}"
            e.fuse = None
            break
        else:
            e = Engine(dev, rnd, bug); dev.crash(rnd); e.recover(); e.check("quiet")
            assert e.content() == want, "state differs after repeated crashes"

def main():
    a = argparse.ArgumentParser(); a.add_argument("--seeds", type=int, default=2000); a.add_argument("--start", type=int, default=0)
    a.add_argument("--break", dest="bug"); a.add_argument("--atomic", action="store_true"); a = a.parse_args(); totals, bad = {}, 0
    for s in range(a.start, a.start + a.seeds):
        try: run(s, a.bug, totals, a.atomic)
        except Exception as x:
            bad += 1
            if bad <= 3: print(f"seed {s}: {type(x).__name__}: {x}")
            if a.bug: print(f"planted bug '{a.bug}' found at seed {s}"); return
    print(f"{a.seeds} seeds, {bad} failed;", ", ".join(f"{k} {v}" for k, v in totals.items()))
    raise SystemExit(bad > 0 or a.bug is not None)

if __name__ == "__main__": main()
