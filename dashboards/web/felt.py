"""What the wrist felt around a fall, for an alarm's page: the drawing's numbers, and the same in words."""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

import msgspec

from alerts.alarm import Alarm
from alerts.felt import Second, describe, second_by_second
from alerts.trace import AFTER_MS, Trace
from dashboards.web.wording import Wording

LIGHT_G: Final = 0.7
"""From here down the wearer was falling rather than standing, in words. Source: assumption; walking stays above it."""
ON_THE_WAY_MS: Final = 15_000
"""So long after the last sample was taken it may still be on its way to the page."""


class FeltView(NamedTuple):
    """``trace``: what is drawn, None while nothing is known; ``until_ms``: so long the page asks for more of it."""

    trace: dict[str, Any] | None
    jolt_ms: int
    words: str
    seconds: list[Second]
    falls: int
    stamp: str
    until_ms: int


def felt_view(wording: Wording, alarm: Alarm, trace: Trace | None) -> FeltView | None:
    """The view of a fall's alarm; None for another kind, and where no device is known."""
    if alarm.kind != "fall" or alarm.device is None:
        return None
    if trace is None:
        return FeltView(None, alarm.event_time, "", [], 0, "", alarm.event_time + AFTER_MS + ON_THE_WAY_MS)
    return FeltView(
        trace=msgspec.to_builtins(trace),
        jolt_ms=trace.jolt_ms,
        words=in_words(wording, trace),
        seconds=second_by_second(trace),
        falls=len(trace.jolts),
        stamp=f"{trace.jolt_ms} {trace.t0_ms} {len(trace.x_mg)} {trace.x_mg.count(None)}",
        until_ms=trace.jolt_ms + AFTER_MS + ON_THE_WAY_MS,
    )


def in_words(wording: Wording, trace: Trace) -> str:
    """How strong it was, how light before, how still afterwards; for whoever does not see the drawing, and for all."""
    felt = describe(trace)
    said = [wording.t("felt.known", before=round(felt.before_s), after=round(felt.after_s))]
    if not math.isnan(felt.peak_g):
        said.append(wording.t("felt.jolt", peak=f"{felt.peak_g:.1f}"))
    if not math.isnan(felt.least_g):
        light = felt.least_g <= LIGHT_G
        said.append(wording.t("felt.flight", least=f"{felt.least_g:.1f}") if light else wording.t("felt.no_flight"))
    if not felt.watched_s:
        said.append(wording.t("felt.not_watched"))
    elif felt.still_s == felt.watched_s:
        said.append(wording.t("felt.still", watched=felt.watched_s))
    else:
        said.append(wording.t("felt.moved", watched=felt.watched_s, moved=felt.watched_s - felt.still_s))
    return ("" if wording.language == "zh" else " ").join(said)
