#!/usr/bin/env python3
"""Randomised model of Basalt's recovery (docs/architecture.md), its specification in executable form.

Concurrent clients commit batches against a small B+tree of pages with random evictions, fuzzy checkpoints, splits, merges,
page reuse, a volatile device cache (unflushed page writes are kept, lost or torn), and crashes anywhere, also during recovery.
Which pages are allocated is itself a page (id 0, the space map), changed by deltas in the record of the structure change. Every
fifth value is large: its pages are a pending run, allocated by a record of their own, written and flushed before the commit
record that publishes them. A second tree is small and often empty; a bulk load builds its content bottom-up in pending runs (one of
which is started anew, as it is when it holds up the redo point), flushes them, and publishes them by one structure record that
gives the empty root its content and ends the runs. Commits of that tree before this record are not applied again. After each recovery the tree must be structurally whole and hold exactly the logged commits; every
acknowledged one is among them; each page has one owner and the map agrees, with no page leaked.

    recovery_model.py [--seeds N] [--start S] [--atomic] [--break RULE]
--atomic: a device that never tears a page; no page images are logged then.
RULE plants a bug (the model must then fail): wal flush-ack image redo-point order structure free run-flush blind leak
load-redo load-flush load-busy load-image.
"""
import argparse, random, copy

LEAF_CAP, INNER_CAP, KEYS = 4, 4, 60
LOAD_KEYS = 20                              # keys of the second tree follow those of the first

class Crash(Exception): pass
class Page:
    __slots__ = ("leaf", "lo", "hi", "lsn", "slsn", "keys", "kids", "dirty", "unlogged")
    def __init__(self, leaf, lo, hi):
        self.leaf, self.lo, self.hi, self.lsn, self.slsn, self.dirty = leaf, lo, hi, 0, 0, True
        self.unlogged = False               # written by a load: no image of it is in the log
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
    ROOT, ROOT2 = 1, 4001
    ROOTS = {ROOT: (0, KEYS), ROOT2: (KEYS, KEYS + LOAD_KEYS)}
    def __init__(self, dev, rnd, bug):
        self.dev, self.rnd, self.bug = dev, rnd, bug
        self.pool, self.tail, self.inflight, self.locks, self.freed = {}, [], set(), set(), set()
        self.begin, self.stats = dev.begin, {"split": 0, "merge": 0, "evict": 0, "ckpt": 0, "image": 0, "run": 0, "unlink": 0, "released": 0, "skipped": 0, "load": 0, "load refused": 0, "voided": 0}
        self.busy = 0                            # commits of the second tree between append and applied
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
        commits in flight pull it back, and a page changed between it and the begin may have no image after it.) A page that a load wrote has
        none either, however new its LSN."""
        p = self.page(pid)
        if (p.lsn < self.begin or p.unlogged and self.bug != "load-image") and self.bug != "image" and not self.dev.atomic:
            p.unlogged = False; p.lsn = self.append("pages", {pid: p.copy()}); self.stats["image"] += 1
            for q in self.tail[-1][2].values(): q.lsn = p.lsn
    def structure(self, images, deltas=(), alloc=(), free=(), run=None, ends=(), load=None):
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
        for pid in [*images, *deltas]: self.pool[pid].lsn = self.pool[pid].slsn = lsn; self.pool[pid].dirty = True; self.pool[pid].unlogged = False
        body = {pid: self.pool[pid].copy() for pid in images} | deltas
        if self.bug == "structure": body.pop(max(body))
        self.append("pages", body)
        marks = {"run": run, "ends": list(ends), "load": load}
        self.tail[-1] = (lsn, "pages", body | {k: v for k, v in marks.items() if v})
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
        pid, way = self.ROOT if key < KEYS else self.ROOT2, []
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
            if pid in self.ROOTS:
                l, r = self.alloc(2)
                self.pool[l], self.pool[r] = Page(p.leaf, p.lo, mid), Page(p.leaf, mid, p.hi)
                self.divide(p, self.pool[l], self.pool[r], mid)
                p.leaf, p.keys, p.kids = False, [mid], [l, r]
                self.structure([pid, l, r], alloc=[l, r])
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
        isOfSecond = any(k >= KEYS for k in keys)
        lsn = self.append("batch", batch); self.inflight.add(lsn); self.busy += isOfSecond
        for k, v in batch: yield; self.apply(k, v, lsn)
        self.busy -= isOfSecond
        self.inflight.discard(lsn); self.locks -= set(keys)
        for r in runs: self.inflight.discard(r)
        yield
        if self.bug != "flush-ack": self.flush_log(lsn)
        acked.append(lsn)
    def load(self, content, acked):
        """Bulk load of the second tree. content: key -> value, sorted."""
        items = sorted(content.items()); leaves = [items[i:i + LEAF_CAP] for i in range(0, len(items), LEAF_CAP)]
        runs, free = {}, []                              # pending runs: LSN -> pages; pages not used yet
        def take():
            if not free:
                pages = self.alloc(self.rnd.randint(2, 4)); lsn = self.structure([], {}, alloc=pages, run=pages)
                runs[lsn] = pages; self.inflight.add(lsn); free.extend(pages)
            return free.pop(0), max(runs)
        ids, bounds = [], [KEYS] + [leaf[0][0] for leaf in leaves[1:]] + [KEYS + LOAD_KEYS]
        for i, leaf in enumerate(leaves):
            pid, lsn = take(); p = Page(True, bounds[i], bounds[i + 1]); ids.append(pid)
            for k, v in leaf:
                if v[0] % 5 == 0:
                    q, lsn = take(); o = Page(True, -1, -1); o.keys = {"big": v}; o.lsn = o.slsn = lsn
                    self.pool[q] = o; v = Big(((q,), lsn, v))
                p.keys[k] = v; content[k] = v
            p.lsn = p.slsn = lsn; p.unlogged = True; self.pool[pid] = p
            yield
            if self.rnd.random() < 0.3 and runs:         # started anew, so that the redo point can pass the old record
                old = self.rnd.choice(sorted(runs)); pages = runs.pop(old)
                new = self.structure([], {}, run=pages, ends=[old]); runs[new] = pages
                self.inflight.add(new); self.inflight.discard(old)
            yield
        used = [q for r in runs.values() for q in r if q not in free]
        for q in used:
            yield
            if q in self.pool: self.write_back(q)
        if self.bug != "load-flush": self.dev.flush()
        yield
        while self.busy and self.bug != "load-busy": yield
        self.page(0); self.image_if_needed(0); self.page(0); root = self.page(self.ROOT2)
        if not root.leaf or root.keys:
            for lsn, pages in runs.items(): self.structure([], {}, free=pages, ends=[lsn]); self.inflight.discard(lsn)
            self.stats["load refused"] += 1
            return
        if len(leaves) == 1: root.keys = dict(self.page(ids[0]).keys); free.append(ids[0])
        else: root.leaf, root.keys, root.kids = False, bounds[1:-1], ids
        self.page(0); self.page(self.ROOT2)
        lsn = self.structure([self.ROOT2], {}, free=free, ends=list(runs), load=dict(content)); self.stats["load"] += 1
        for r in runs: self.inflight.discard(r)
        yield
        self.flush_log(lsn); acked.append(lsn)
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
                if isinstance(pid, str): continue
                d = self.pool.get(pid) or self.dev.read(pid)
                if isinstance(p, Page):
                    if d is None or d is TORN or d.lsn < lsn: self.pool[pid] = p.copy(); self.pool[pid].dirty = True
                elif d is not None and d is not TORN and d.slsn == p[0]:
                    q = self.page(pid); self.redo_delta(q, p[1]); q.lsn, q.slsn, q.dirty = max(q.lsn, lsn), lsn, True
        self.check(leaks=False)
        runs, freed, last, loaded = {}, set(), {}, 0
        for lsn, kind, body in log:
            if kind == "pages":
                if "run" in body: runs[lsn] = body["run"]
                freed.update(body.get("ends", ()))
                if "load" in body and self.bug != "load-redo": loaded = lsn
            elif kind == "batch":
                for k, v in body: last[k] = lsn
        isVoid = lambda k, lsn: k >= KEYS and lsn < loaded       # the tree was empty when it was loaded
        big = {k for lsn, kind, body in log if kind == "batch" for k, v in body if isinstance(v, Big) and not isVoid(k, lsn)}
        live = set()
        for lsn, kind, body in log:
            if kind == "batch":
                for k, v in body:
                    if isVoid(k, lsn): self.stats["voided"] += 1; continue
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
        used, stack = set(), [(root, *r) for root, r in self.ROOTS.items()]
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
            have = set(self.page(0).keys) | set(self.ROOTS)
            assert have >= used, f"pages {used - have} are used but free in the map"
            if leaks == "quiet": assert have == used, f"pages {have - used} leaked"
        return used
    def content(self):
        out, stack = {}, list(self.ROOTS)
        while stack:
            p = self.page(stack.pop())
            if p.leaf: out.update(p.keys)
            else: stack += p.kids
        return out

def run(seed, bug, totals, atomic):
    rnd = random.Random(seed); dev = Device(atomic); e = Engine(dev, rnd, bug)
    for root, (lo, hi) in Engine.ROOTS.items(): e.pool[root] = Page(True, lo, hi)
    e.pool[0] = Page(True, -1, -1); e.structure([0, *Engine.ROOTS]); e.flush_log(1)
    acked, value = [], 0
    for life in range(rnd.randint(2, 4)):
        tasks, ck, ld = [], None, None
        steps = rnd.randint(50, 400)
        for _ in range(steps):
            if len(tasks) < 3:
                value += 1; ks = rnd.sample(range(KEYS), rnd.choice([1, 1, 1, 2, 4])); deletes = 0.45
                if rnd.random() < 0.3:                   # few keys, so that the second tree is empty now and then
                    deletes = 0.8
                    ks = rnd.sample(range(KEYS, KEYS + (LOAD_KEYS if rnd.random() < 0.3 else 3)), rnd.choice([1, 1, 3]))
                tasks.append(e.commit([(k, None if rnd.random() < deletes else (value, k)) for k in ks], acked))
            if ld is None and rnd.random() < 0.1:
                p = e.page(Engine.ROOT2)
                if p.leaf and not p.keys:
                    value += 1; ks = rnd.sample(range(KEYS, KEYS + LOAD_KEYS), rnd.randint(1, LOAD_KEYS))
                    ld = e.load({k: (value + rnd.randint(0, 4), k) for k in ks}, acked); value += 4
            if ck is None and rnd.random() < 0.02: ck = e.checkpoint()
            e.tick()
            t = rnd.choice(tasks + ([ck] if ck else []) + ([ld] * 2 if ld else []))
            try: next(t)
            except StopIteration:
                if t is ck: ck = None
                elif t is ld: ld = None
                else: tasks.remove(t)
        for _ in range(rnd.randint(1, 4)):              # crash, recover, maybe crash again on the way
            for k in e.stats: totals[k] = totals.get(k, 0) + e.stats[k]
            if rnd.random() < 0.5: e.flush_log(e.next_lsn() - rnd.randint(0, len(e.tail)))   # some of the unacknowledged tail made it
            dev.crash(rnd)
            want = {}
            for lsn, kind, body in dev.log:
                if kind == "batch":
                    for k, v in body: want.pop(k, None) if v is None else want.__setitem__(k, v)
                elif "load" in body: want.update(body["load"])
            logged = {lsn for lsn, kind, body in dev.log if kind == "batch" or "load" in body}
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
