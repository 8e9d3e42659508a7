"""A life played to engine and oracle: the engine is cut, undone, stopped and killed on the way, the oracle is not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import isnan
from typing import NamedTuple

import pytest

import alerts.engine
from alerts.engine import EVIDENCE_FIELDS, Engine, What
from devices.registry import RegistryChange
from tests.reference.lives import Turn
from tests.reference.oracle import Oracle, Rule, Told, Verdict
from tests.reference.speakers import verdicts_in
from tests.reference.streams import batch_of


class Work(NamedTuple):
    """One thing that was said, as far as it counts as work done."""

    rule: Rule
    what: What


@dataclass
class Done:
    """A turn that was committed, and what was said in it."""

    turn: Turn
    said: list[list[Verdict]]
    """By call: the batch, then each look at the deadlines."""

    @property
    def is_stored(self) -> bool:
        """Whether the store has a row of it, from which it can be repeated: nobody stores what is nothing."""
        return bool(self.turn.told) or any(self.said)


class Play:
    """An engine that meets every mishap, beside an oracle that meets none."""

    def __init__(self, community: Sequence[RegistryChange]) -> None:
        self.kept = _knowing(tuple(community))
        self.engine, self.oracle = Engine.restore(self.kept), Oracle()
        for change in community:
            self.oracle.apply(change)
        self.since: list[Done] = []
        """What was committed after the snapshot that is kept."""
        self.work: Counter[Work] = Counter()

    def live(self, life: Sequence[Turn]) -> None:
        for turn in life:
            self._begin(self.engine, turn)
            self._mishap(turn)
            said = self._oracle_says(turn)
            if turn.mishap == "crashed":
                self._crash(turn)
            agree(self._engine_says(self.engine, turn), said)
            self.work.update(Work(Rule(one.said.rule), What(one.said.what)) for call in said for one in call)
            self.since.append(Done(turn, said))
            if turn.keep:
                self.kept, self.since = self.engine.snapshot(), []

    @staticmethod
    def _begin(engine: Engine, turn: Turn) -> None:
        engine.apply(turn.changes)
        Play._switch(engine, turn)

    @staticmethod
    def _switch(engine: Engine, turn: Turn) -> None:
        for rule, on in turn.switched:
            (engine.enable if on else engine.disable)(alerts.engine.Rule(rule))

    @staticmethod
    def _engine_says(engine: Engine, turn: Turn) -> list[list[Verdict]]:
        said = [_process(engine, turn)]
        said += [verdicts_in(engine.advance(turn.now, turn.listening_since)) for _ in range(turn.advances)]
        engine.commit()
        for moment in turn.later:
            said.append(verdicts_in(engine.advance(moment, turn.listening_since)))
            engine.commit()
        return said

    @staticmethod
    def _engine_repeats(engine: Engine, done: Done) -> list[list[Verdict]]:
        """The same from what is stored: a later look in which nothing was said is not."""
        looks = zip(done.turn.later, done.said[1 + done.turn.advances :], strict=True)
        spoken = [moment for moment, said in looks if said]
        repeated = iter(Play._engine_says(engine, done.turn._replace(later=tuple(spoken))))
        by_readings = [next(repeated) for _ in range(1 + done.turn.advances)]
        return by_readings + [next(repeated) if said else [] for said in done.said[1 + done.turn.advances :]]

    def _oracle_says(self, turn: Turn) -> list[list[Verdict]]:
        for change in turn.changes:
            self.oracle.apply(change)
        for rule, on in turn.switched:
            (self.oracle.enable if on else self.oracle.disable)(rule)
        looks = [turn.now] * turn.advances + list(turn.later)
        said = [self.oracle.hear(turn.told, turn.now)]
        return said + [self.oracle.judge(moment, turn.listening_since) for moment in looks]

    def _mishap(self, turn: Turn) -> None:
        """What leaves the engine as it was at the last commit, and as the registry is now."""
        if turn.mishap == "restarted":
            self.engine = Engine.restore(self.engine.snapshot())
        if not turn.mishap.startswith("undone"):
            return
        if turn.mishap == "undone half":
            self.engine.process(batch_of(turn.told[: len(turn.told) // 2]), turn.now)
        else:
            _process(self.engine, turn)
        if turn.mishap == "undone whole":
            self.engine.advance(turn.now, turn.listening_since)
            self.engine.advance(turn.now + 3_600_000, turn.listening_since)
        self.engine.rollback()

    def _crash(self, turn: Turn) -> None:
        """Killed in the middle of the turn: back to the snapshot, and through all that was stored since.

        Changes of the registry come together with the next batch that was stored.
        """
        _process(self.engine, turn)
        self.engine = Engine.restore(self.kept)
        waiting: list[RegistryChange] = []
        for done in self.since:
            waiting += done.turn.changes
            if done.turn.switched or done.is_stored:
                self.engine.apply(waiting)
                waiting.clear()
            self._switch(self.engine, done.turn)
            if done.is_stored:
                agree(self._engine_repeats(self.engine, done), done.said)
        self.engine.apply([*waiting, *turn.changes])
        self._switch(self.engine, turn)


@cache
def _knowing(community: tuple[RegistryChange, ...]) -> bytes:
    """What an engine knows that has heard of a community and nothing else; a zone's table takes it long."""
    engine = Engine()
    engine.apply(community)
    return engine.snapshot()


def _process(engine: Engine, turn: Turn) -> list[Verdict]:
    """The batch, cut into pieces of the same moment; readings are counted through all of them."""
    said: list[Verdict] = []
    for start, stop in pairwise((0, *turn.cuts, len(turn.told))):
        part: Sequence[Told] = turn.told[start:stop]
        for verdict in verdicts_in(engine.process(batch_of(part, start), turn.now)):
            place = verdict.said.reading + start
            said.append(Verdict(verdict.said._replace(reading=place), verdict.evidence))
    return said


def agree(engine: Sequence[list[Verdict]], oracle: Sequence[list[Verdict]]) -> None:
    """They say the same and mean it: what the oracle tells by the engine's names is the same number.

    Of what a look at the deadlines finds, the order within one subject counts.
    """
    for one, other in zip(engine, oracle, strict=True):
        told, expected = (sorted(call, key=_subject_of_a_deadline) for call in (one, other))
        assert [verdict.said for verdict in told] == [verdict.said for verdict in expected]
        for verdict, reference in zip(told, expected, strict=True):
            _mean_the_same(verdict, reference)


def _subject_of_a_deadline(verdict: Verdict) -> tuple[int, int, int]:
    said = verdict.said
    if said.reading >= 0:
        return -1, 0, 0
    return said.rule, said.resident, said.device if said.rule == Rule.DEVICE_FAULT else -1


def _mean_the_same(engine: Verdict, oracle: Verdict) -> None:
    named = EVIDENCE_FIELDS[alerts.engine.Rule(engine.said.rule)]
    expected = {name: value for name, value in oracle.evidence.items() if name in named and not isnan(value)}
    if engine.said.what == What.RECOVERED:
        expected = {name: value for name, value in expected.items() if name in engine.evidence}
    told = {name: engine.evidence.get(name) for name in expected}
    near = 0.5 if engine.said.rule == Rule.WANDERING_ZONE_EXIT else 1e-3
    assert told == pytest.approx(expected, rel=1e-5, abs=near), engine.said
