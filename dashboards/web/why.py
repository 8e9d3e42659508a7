"""Why an alarm of wandering came, in words: what the evidence's numbers mean to whoever sets out to look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from alerts.alarm import Alarm
from dashboards.web.wording import Wording

_PATTERNS: Final = {1: "pacing", 2: "lapping", 3: "random"}
CLEARLY: Final = 1.0
"""So far beyond the score of the rule a way is called plain; scores are counted in such units. Assumption, ADR 43."""
_REASONS: Final = {1: "off_way", 2: "standing", 3: "unusual_hour"}


def why(wording: Wording, alarm: Alarm, timezone: str) -> str:
    """One or two sentences, as of the last evidence; empty where a rule has none, as when somebody phoned."""
    says = {
        "wandering.zone_exit": _zone_exit,
        "wandering.night_exit": _night_exit,
        "wandering.pattern": _pattern,
        "wandering.lost": _lost,
    }.get(alarm.rule)
    if says is None:
        return ""
    sentences = [each for each in says(_Said(wording, alarm.evidence)) if each]
    if not sentences:
        return ""
    at = wording.t("why.at", at=wording.hour(alarm.last_event_time, timezone))
    return ("" if wording.language == "zh" else " ").join((at, *sentences))


class _Said:
    """Sentences of which all numbers are known; a sentence with a gap is left out."""

    def __init__(self, wording: Wording, evidence: Mapping[str, Any]) -> None:
        self._wording = wording
        self._evidence = evidence

    def __call__(self, key: str, **values: str | None) -> str:
        return "" if None in values.values() else self._wording.t(f"why.{key}", **values)

    def number(self, name: str) -> float | None:
        value = self._evidence.get(name)
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

    def code(self, name: str, codes: Mapping[int, str]) -> str | None:
        value = self.number(name)
        return None if value is None else codes.get(int(value))

    def metres(self, name: str) -> str | None:
        value = self.number(name)
        return None if value is None else self._wording.metres(value)

    def time(self, name: str) -> str | None:
        value = self.number(name)
        return None if value is None else self._wording.duration(value)

    def hour(self, name: str) -> str | None:
        value = self.number(name)
        return None if value is None else "{:02d}:{:02d}".format(*divmod(round(value * 60) % (24 * 60), 60))

    def count(self, name: str) -> str | None:
        value = self.number(name)
        return None if value is None else f"{value:.0f}"

    def share(self, name: str) -> str | None:
        value = self.number(name)
        return None if value is None else f"{value * 100:.0f}"


def _zone_exit(say: _Said) -> tuple[str, ...]:
    return (
        say("zone_exit", outside=say.metres("distance_outside_m")),
        say("accuracy", accuracy=say.metres("accuracy_m")),
        say("zone_exit.lasts", fixes=say.count("fixes_outside"), time=say.time("seconds_outside")),
    )


def _night_exit(say: _Said) -> tuple[str, ...]:
    return (
        say("night_exit", home=say.metres("home_m"), start=say.hour("night_from_h"), end=say.hour("night_to_h")),
        say("accuracy", accuracy=say.metres("accuracy_m")),
        say("night_exit.lasts", fixes=say.count("fixes_away"), time=say.time("seconds_away")),
    )


def _pattern(say: _Said) -> tuple[str, ...]:
    pattern = say.code("pattern", _PATTERNS)
    return (
        "" if pattern is None else say(f"pattern.{pattern}"),
        say("pattern.watched", time=say.time("window_s")),
        _how_restless(say),
    )


def _how_restless(say: _Said) -> str:
    """A score means nothing to whoever sets out to look; that it is far beyond the line does."""
    score, limit = say.number("score"), say.number("threshold")
    if score is None or limit is None:
        return ""
    return say("pattern.clearly" if score >= limit + CLEARLY else "pattern.just")


def _lost(say: _Said) -> tuple[str, ...]:
    reason = say.code("reason", _REASONS)
    home, time = say.metres("home_m"), say.time("seconds_off_way")
    first = {
        "off_way": lambda: say("lost.off_way", off=say.metres("off_way_m"), time=time),
        "standing": lambda: say("lost.standing", time=time),
        "unusual_hour": lambda: say("lost.unusual_hour"),
    }.get(reason or "")
    return (
        "" if first is None else first(),
        say("home", home=home),
        say("lost.known", walks=say.count("walks_known"), share=say.share("regular")),
    )
