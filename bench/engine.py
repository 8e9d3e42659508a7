"""The engine's speed beside two others in the same run: what memory allows, and plain Python.

The three take the same readings in turn, repetition for repetition, so that what disturbs the machine disturbs
all of them. Readings are made beforehand and are moved in time between the repetitions: each one is new to its
device. The engine's time is ``process`` and ``commit``; ``advance`` is reported apart, since how often it is
called is the pipeline's matter. Garbage collection is off meanwhile, for all three.

Seconds are those of the thread's processor time: none of the three waits for anything, so on a quiet machine
they are the clock's, and on a busy one others take only caches and memory away, not the core.
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from alerts.engine import Engine, Rule, What
from bench import mixture, plain
from bench.memory_limit import hot_records, read_and_write
from devices.batch import ReadingBatch, Records
from devices.kinds import Kind

REPETITIONS: Final = 5
PLAIN_EVENTS: Final = 100_000
"""So many of the events are given to plain Python, in each repetition."""
KIND_EVENTS: Final = 200_000
ONES: Final = 2000
"""Batches of one reading."""
SCANS: Final = 25
SWEEP: Final = (1_000, 10_000, 100_000, 1_000_000)

Progress = Callable[[str], None]


class Pace(msgspec.Struct, frozen=True):
    """Readings a second in each repetition."""

    rates: tuple[float, ...]

    @property
    def median(self) -> int:
        """Of the repetitions."""
        return int(median(self.rates))

    @property
    def best(self) -> int:
        """Of the repetitions."""
        return int(max(self.rates))

    def beside(self, other: Pace) -> float:
        """The median of the ratios of the two in the same repetition: what slows a machine down slows both."""
        return median(own / others for own, others in zip(self.rates, other.rates, strict=True))


class Size(msgspec.Struct, frozen=True):
    """What one event costs in a community of this size, ns (medians), and beside the memory's limit."""

    residents: int
    ns_per_event: float
    memory_limit_ns: float
    ratio: float


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """The benchmark's figures; events a second are medians over the repetitions, ``best`` has the best ones.

    Attributes:
        memory_limit_events_per_s: of a kernel that only reads and writes the hot record.
        plain_python_events_per_s: of the same rules over dictionaries.
        bytes_per_resident: all arrays of the engine's state; the journal is as large as a batch.
        batch_of_one_us: ``process`` and ``commit`` of one reading, median.
        advance_ms: a scan with nothing due, median.
        ratio: of the memory's limit, median over the repetitions.
        advance_1_pct_due_ms: a scan in which one resident in a hundred has just fallen silent.
        ns_by_kind: what a reading of each kind costs.
        alarms: events that the engine emitted, by rule and what: one that does nothing is quick, too.
        silences_opened: by those scans, five hundredths of the residents.
        load: of the machine, at the end.
    """

    residents: int
    events: int
    events_per_s: int
    memory_limit_events_per_s: int
    plain_python_events_per_s: int
    bytes_per_resident: float
    batch_of_one_us: float
    advance_ms: float
    ratio: float
    times_plain_python: float
    advance_1_pct_due_ms: float
    batch_of_one_p99_us: float
    hot_record_bytes: int
    bytes_by_array: dict[str, float]
    best: dict[str, int]
    ns_by_kind: dict[str, float]
    alarms: dict[str, int]
    silences_opened: int
    registered_s: float
    polygon_share: float
    batch: int
    load: float
    sweep: list[Size]


def measure(
    *, residents: int, events: int, polygon_share: float, sweep: bool, progress: Progress,
    repetitions: int = REPETITIONS,
) -> Measured:  # fmt: skip
    """Run the benchmark; see ``Measured``."""
    community = Community(residents, polygon_share, with_plain=True)
    progress(f"{residents:,} residents registered in {community.registered_s:.1f} s, {events:,} readings to make")
    batch = mixture.mixed(residents, events, seed=1)
    paces, alarms = _paces(community, batch, repetitions, progress)
    progress("single readings and scans")
    ones = _batches_of_one(community)
    nothing_due, some_due, silences = _scans(community)
    sizes = community.bytes_by_array()
    by_kind = {kind.topic_name: round(_kind(community, kind, min(events, KIND_EVENTS)), 1) for kind in mixture.SHARES}
    hot = community.hot_record_bytes()
    engine, limit, python = paces["engine"], paces["memory_limit"], paces["plain_python"]
    measured = Measured(
        residents=residents,
        events=events,
        events_per_s=engine.median,
        memory_limit_events_per_s=limit.median,
        plain_python_events_per_s=python.median,
        bytes_per_resident=round(sum(sizes.values()), 1),
        batch_of_one_us=round(median(ones), 1),
        advance_ms=round(nothing_due, 3),
        ratio=round(engine.beside(limit), 3),
        times_plain_python=round(engine.beside(python), 1),
        advance_1_pct_due_ms=round(some_due, 3),
        batch_of_one_p99_us=round(float(np.percentile(ones, 99)), 1),
        hot_record_bytes=hot,
        bytes_by_array=sizes,
        best={f"{name}_events_per_s": pace.best for name, pace in paces.items()},
        ns_by_kind=by_kind,
        alarms=alarms,
        silences_opened=silences,
        registered_s=round(community.registered_s, 1),
        polygon_share=polygon_share,
        batch=mixture.BATCH,
        load=round(os.getloadavg()[0], 1),
        sweep=[],
    )
    del community
    return msgspec.structs.replace(measured, sweep=_sweep(events, polygon_share, progress) if sweep else [])


class Community:
    """An engine that knows everybody and has heard each of them, and the moment at which it is."""

    def __init__(self, residents: int, polygon_share: float, *, with_plain: bool = False) -> None:
        """Register everybody, with the plain rules too when wanted; compiles the kernels on the way."""
        self.residents = residents
        self.polygon_share = polygon_share
        self.engine = Engine()
        self.engine.warm()
        changes = list(mixture.registry(residents, polygon_share))
        started = time.perf_counter()
        self.engine.apply(changes)
        self.registered_s = time.perf_counter() - started
        self.rules = plain.PlainRules(changes) if with_plain else None
        self.now = mixture.START_MS
        for kind in (Kind.HEARTBEAT, Kind.POSITION):
            self.feed(mixture.once_each(kind, residents))

    def feed(self, batch: ReadingBatch) -> None:
        """Let the engine take readings just after all that it has had; moves them in time, measures nothing."""
        self.follow(batch)
        for window in mixture.windows(batch):
            self.engine.process(window, self.now)
            self.engine.commit()

    def follow(self, batch: ReadingBatch) -> None:
        """Move readings to begin now, and the moment to their end."""
        mixture.shift(batch, self.now - int(batch.header["received"][0]))
        self.now += mixture.span_ms(batch)

    def bytes_by_array(self) -> dict[str, float]:
        """Bytes a resident of each array of the state."""
        return {
            name: round(array.nbytes / self.residents, 1)
            for name, array in self.engine._state._asdict().items()  # noqa: SLF001 - whatever the engine keeps
        }

    def hot_record_bytes(self) -> int:
        """The largest record of which there is one a device or resident."""
        arrays = self.engine._state  # noqa: SLF001 - as above
        return max(array.itemsize for array in arrays if array.ndim == 1 and len(array) >= self.residents)


def _paces(
    community: Community, batch: ReadingBatch, repetitions: int, progress: Progress
) -> tuple[dict[str, Pace], dict[str, int]]:
    """Engine, memory's limit and plain Python in turn; the first round warms and does not count."""
    windows = mixture.windows(batch)
    records = hot_records(community.residents, community.hot_record_bytes())
    taken: dict[str, list[float]] = {"engine": [], "memory_limit": []}
    alarms: dict[str, int] = {}
    if community.rules is not None:
        taken["plain_python"] = []
    for repetition in range(repetitions + 1):
        community.follow(batch)
        with _undisturbed():
            rates = {"engine": _engine(community, windows, alarms), "memory_limit": _memory(records, windows)}
        if community.rules is not None:
            some = batch.window(0, PLAIN_EVENTS)
            rates["plain_python"] = _plain(community.rules, [plain.messages_of(part) for part in mixture.windows(some)])
        if repetition > 0:
            for name, rate in rates.items():
                taken[name].append(rate)
            progress(f"round {repetition}: " + ", ".join(f"{name} {rate:,.0f}/s" for name, rate in rates.items()))
    return {name: Pace(tuple(rates)) for name, rates in taken.items()}, alarms


def _engine(community: Community, windows: list[ReadingBatch], alarms: dict[str, int]) -> float:
    engine = community.engine
    nows = [int(window.header["received"][-1]) for window in windows]
    found = []
    started = time.thread_time()
    for window, now in zip(windows, nows, strict=True):
        found.append(engine.process(window, now))
        engine.commit()
    taken = time.thread_time() - started
    for rule, what, count in counted(np.concatenate(found)):
        alarms[f"{rule} {what}"] = alarms.get(f"{rule} {what}", 0) + count
    return sum(window.size for window in windows) / taken


def _memory(records: npt.NDArray[np.int64], windows: list[ReadingBatch]) -> float:
    started = time.thread_time()
    for window in windows:
        read_and_write(records, window.header)
    return sum(window.size for window in windows) / (time.thread_time() - started)


def _plain(rules: plain.PlainRules, batches: list[list[plain.Message]]) -> float:
    with _undisturbed():
        started = time.thread_time()
        for messages in batches:
            rules.process(messages, messages[-1]["received"])
        return sum(map(len, batches)) / (time.thread_time() - started)


def _batches_of_one(community: Community) -> list[float]:
    """What each single reading takes, as the gateway has them when it is quiet; µs."""
    batch = mixture.mixed(community.residents, ONES, seed=2)
    community.follow(batch)
    windows = mixture.windows(batch, 1)
    engine = community.engine
    taken = []
    with _undisturbed():
        for window in windows:
            now = int(window.header["received"][0])
            started = time.thread_time_ns()
            engine.process(window, now)
            engine.commit()
            taken.append((time.thread_time_ns() - started) / 1000.0)
    return taken


def _scans(community: Community) -> tuple[float, float, int]:
    """What a scan takes with nothing due, and with one resident in a hundred just fallen silent: medians, ms.

    And how many silences the latter opened.

    Everybody has a heartbeat, a hundredth after the other 10 s apart. The first five of them say nothing any more, all
    the others once more: if nobody did, it would be their site that is silent.
    """
    engine = community.engine
    parts = 5
    since = community.now
    community.now += 3_600_000
    first_silent = 0
    for part in range(parts + 2):
        beats = mixture.once_each(Kind.HEARTBEAT, community.residents)
        of_part = beats.header["device"] % 100 == part if part < parts else beats.header["device"] % 100 >= parts
        if not of_part.any():
            continue
        beats = beats._replace(header=beats.header[of_part])
        beats.header["received"] = community.now
        beats.header["t"] = community.now
        for window in mixture.windows(beats):
            engine.process(window, community.now)
        engine.commit()
        first_silent = first_silent or community.now + 2 * int(mixture.INTERVAL_S * 1000) + 30_000
        community.now = community.now + 10_000 if part < parts else first_silent - 30_000
    _scan(engine, community.now, since)
    idle = [_scan(engine, community.now + i, since)[0] for i in range(SCANS)]
    due = [_scan(engine, first_silent + part * 10_000 + 1, since) for part in range(parts)]
    community.now = first_silent + 1_000_000
    return median(idle), median(taken for taken, _ in due), sum(opened for _, opened in due)


def _scan(engine: Engine, now: int, since: int) -> tuple[float, int]:
    """How long a scan takes, ms, and how many silences it opened."""
    with _undisturbed():
        started = time.thread_time_ns()
        events = engine.advance(now, since)
        taken = time.thread_time_ns() - started
    engine.commit()
    opened = (events["rule"] == Rule.MISSED_CHECK_SILENT) & (events["what"] == What.OPENED)
    return taken / 1e6, int(opened.sum())


def _kind(community: Community, kind: Kind, events: int) -> float:
    """What a reading of one kind costs among its like, ns: the best of three."""
    batch = mixture.of_kind(kind, community.residents, events, seed=3)
    windows = mixture.windows(batch)
    rates = []
    for _ in range(3):
        community.follow(batch)
        with _undisturbed():
            rates.append(_engine(community, windows, {}))
    return 1e9 / max(rates)


def _sweep(events: int, polygon_share: float, progress: Progress) -> list[Size]:
    sizes = []
    for residents in SWEEP:
        progress(f"{residents:,} residents")
        community = Community(residents, polygon_share)
        batch = mixture.mixed(residents, events, seed=1)
        paces, _ = _paces(community, batch, 3, progress)
        engine, limit = paces["engine"].median, paces["memory_limit"].median
        sizes.append(Size(residents, round(1e9 / engine, 1), round(1e9 / limit, 1), round(engine / limit, 3)))
    return sizes


def counted(events: Records) -> Iterator[tuple[str, str, int]]:
    """How many events of each rule and what there are."""
    pairs, counts = np.unique(np.stack([events["rule"], events["what"]]), axis=1, return_counts=True)
    for (rule, what), count in zip(pairs.T, counts, strict=True):
        yield Rule(int(rule)).public_name, What(int(what)).name.lower(), int(count)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """No collection of garbage meanwhile."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
