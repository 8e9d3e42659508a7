"""What became of each walk: whether it was alarmed, found, and how soon."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from alerts.engine import Rule, What
from alerts.engine.known import LearnedPlace
from anxin.evaluating.wandering.recordings import Numbers, Times, Walk


class Known(NamedTuple):
    """What the engine knew of somebody's places and ways.

    Attributes:
        enough: that ``wandering.lost`` may miss them there.
        places: their known places.
        lat, lon: shape (n,), degrees, where they are known to walk; ``walks``: shape (n,), how often.
    """

    enough: bool
    places: tuple[LearnedPlace, ...]
    lat: Numbers
    lon: Numbers
    walks: Times


class Said(NamedTuple):
    """One thing that the engine said.

    Attributes:
        now_ms: when, by the recording's clock.
        values: the evidence, by its names.
    """

    rule: Rule
    what: What
    now_ms: int
    severity: int
    values: dict[str, float]


class Followed(NamedTuple):
    """One walk, followed by the engine.

    Attributes:
        known: when it began.
        said: from its first fix until the next walk's.
        standing_before: rules whose alarm of an earlier walk stood when it began; ``standing_after``: when it ended.
    """

    walk: Walk
    known: Known
    said: tuple[Said, ...]
    standing_before: frozenset[Rule]
    standing_after: frozenset[Rule]

    def alarms(self, rule: Rule | None = None) -> list[Said]:
        """Those that began in it, of one rule or of all, in their order."""
        return [one for one in self.said if one.what == What.OPENED and rule in (None, one.rule)]

    def is_under(self, rule: Rule | None = None) -> bool:
        """Whether an alarm of an earlier walk stood through all of it, so that no new one could begin."""
        ended = {one.rule for one in self.said if one.what == What.RECOVERED}
        lasted = self.standing_before - ended
        return bool(lasted) if rule is None else rule in lasted

    def is_alarmed(self, rule: Rule | None = None) -> bool:
        """Whether an alarm began in it or stood through all of it."""
        return bool(self.alarms(rule)) or self.is_under(rule)

    def finding(self, rule: Rule | None = None) -> Said | None:
        """The first alarm of somebody going astray that began at the onset or later."""
        if not self.walk.is_stray:
            return None
        onset = self.walk.onset_ms
        return next((one for one in self.alarms(rule) if onset is None or one.now_ms >= onset), None)

    def is_known_at_onset(self) -> bool:
        """Whether an alarm that began too early still stood when somebody went astray, and none came after."""
        onset = self.walk.onset_ms
        if onset is None or self.finding() is not None:
            return False
        early = [one for one in self.said if one.now_ms < onset]
        return bool(stands(self.standing_before, early))

    def delay_s(self, rule: Rule | None = None) -> float | None:
        """From the onset to the alarm; None where there is none, or nobody knows the onset."""
        found = self.finding(rule)
        if found is None or self.walk.onset_ms is None:
            return None
        return (found.now_ms - self.walk.onset_ms) / 1000

    def false_alarms(self, rule: Rule | None = None) -> int:
        """How often the family was called for nothing: alarms of one case, begun while another stood, are one call."""
        return sum(not one.joins for one in self.calls(rule) if one.is_false)

    def calls(self, rule: Rule | None = None) -> list[Call]:
        """Every alarm that began in it, with whether it was false and whether it joined one that stood."""
        found: list[Call] = []
        standing = self.standing_before
        for one in self.said:
            if rule not in (None, one.rule):
                continue
            if one.what == What.OPENED:
                onset = self.walk.onset_ms
                is_false = not self.walk.is_stray or (onset is not None and one.now_ms < onset)
                found.append(Call(one, is_false, bool(standing if rule is None else standing & {rule})))
            standing = stands(standing, (one,))
        return found

    @property
    def is_right(self) -> bool:
        """Whether somebody going astray was found, or an ordinary walk left alone."""
        return self.finding() is not None if self.walk.is_stray else not self.is_alarmed()


class Call(NamedTuple):
    """One alarm.

    Attributes:
        is_false: nobody was astray, or not yet.
        joins: another alarm stood already: the same case, nobody is called anew.
    """

    said: Said
    is_false: bool
    joins: bool


def stands(before: frozenset[Rule], said: Iterable[Said]) -> frozenset[Rule]:
    """The rules whose alarm stands after all this was said."""
    standing = set(before)
    for one in said:
        if one.what == What.OPENED:
            standing.add(one.rule)
        elif one.what == What.RECOVERED:
            standing.discard(one.rule)
    return frozenset(standing)


def strays(followed: Iterable[Followed]) -> list[Followed]:
    """The walks in which somebody goes astray."""
    return [one for one in followed if one.walk.is_stray]


def delays_s(followed: Sequence[Followed], rule: Rule | None = None) -> list[float]:
    """The delays of those found whose onset is known."""
    return [delay for one in followed if (delay := one.delay_s(rule)) is not None]
