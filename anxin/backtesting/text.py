"""A back-test's report as a person reads it: totals first, then tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final
from zoneinfo import ZoneInfo

from anxin.backtesting.backtest import Report
from anxin.backtesting.comparison import Closed, Pair
from anxin.backtesting.moments import written

_SUBJECTS_SHOWN: Final = 20
_CLOSED_SHOWN: Final = 50
_WIDTHS: Final = (12, 12, 12)
_HEAD: Final = ("as it was", "as set", "difference")


def lines(report: Report) -> Iterator[str]:
    """The report, line by line."""
    zone = None if report.timezone is None else ZoneInfo(report.timezone)
    found = report.comparison
    yield f"{written(report.start, zone)} to {written(report.end, zone)}" + (
        "" if report.site is None else f", site {report.site}"
    )
    yield f"warm-up from {written(report.warmup_from, zone)}; {report.readings:,} readings in all"
    yield f"{report.speed.readings_per_s:,} readings a second, {report.speed.seconds:,.1f} s"
    for setting in report.settings:
        yield f"set: {setting.name} = {setting.value:g} (default {setting.default:g})"
    for rule in report.faulty:
        yield f"WARNING: {rule} failed and was switched off from there on"
    live = found.live
    yield (
        f"of {live.raised} alarms that were really raised the run repeats {live.same},"
        f" misses {live.missing} and has {live.other} others"
    )
    totals = found.totals
    yield from _table(
        "",
        [
            ("alarms", totals.alarms),
            ("sounding", totals.sounding),
            ("sounding, 22:00 to 06:00", totals.sounding_at_night),
        ],
    )
    yield ""
    yield (
        f"{totals.same} come either way ({totals.earlier} earlier, {totals.later} later,"
        f" {totals.severity_changed} with another severity), {totals.gone} are gone, {totals.added} are new"
    )
    yield from _closed(found.closed, zone)
    sounds = {True: "", False: ", soundless"}
    yield from _table("by rule", [(f"{r.rule} ({r.severity}{sounds[r.sounds]})", r.alarms) for r in found.rules])
    yield from _table("by day", [(row.day, row.alarms) for row in found.days])
    differing = [row for row in found.subjects if row.alarms.as_was != row.alarms.as_set]
    shown = differing[:_SUBJECTS_SHOWN]
    yield from _table("by resident, where it differs", [(f"{row.subject} ({row.site})", row.alarms) for row in shown])
    if len(differing) > len(shown):
        yield f"… and {len(differing) - len(shown)} more: --json shows all"


def _table(title: str, rows: Sequence[tuple[str, Pair]]) -> Iterator[str]:
    if not rows:
        return
    wide = max(len(title), *(len(name) for name, _ in rows))
    yield ""
    yield title.ljust(wide) + "".join(name.rjust(width) for name, width in zip(_HEAD, _WIDTHS, strict=True))
    for name, pair in rows:
        cells = (f"{pair.as_was:,}", f"{pair.as_set:,}", f"{pair.as_set - pair.as_was:+,}")
        yield name.ljust(wide) + "".join(cell.rjust(width) for cell, width in zip(cells, _WIDTHS, strict=True))


def _closed(closed: Sequence[Closed], zone: ZoneInfo | None) -> Iterator[str]:
    """Of what staff closed: counts, and each alarm that would be lost, spared, or moved in time."""
    if not closed:
        yield "staff closed none of them as true or false alarm"
        return
    yield ""
    for outcome, words in (("true_alarm", "lost"), ("false_alarm", "spared")):
        own = [row for row in closed if row.outcome == outcome]
        fates = Counter(row.fate for row in own)
        moved = [row.later_s for row in own if row.later_s]
        unknown = f", {fates['not_reproduced']} not repeated by the run" if fates["not_reproduced"] else ""
        yield (
            f"closed as {outcome}: {len(own)}, of which {fates['gone']} {words}, {fates['kept']} kept"
            f" ({sum(s < 0 for s in moved)} earlier, {sum(s > 0 for s in moved)} later){unknown}"
        )
    telling = [row for row in closed if row.fate == "gone" or row.later_s]
    for row in telling[:_CLOSED_SHOWN]:
        yield f"  {written(row.raised_at, zone)}  {row.outcome:11}  {_fate(row):14}  {row.rule}  {row.subject}"
    if len(telling) > _CLOSED_SHOWN:
        yield f"  … and {len(telling) - _CLOSED_SHOWN} more: --json shows all"


def _fate(row: Closed) -> str:
    if row.later_s is None:
        return "lost" if row.outcome == "true_alarm" else "spared"
    return f"{abs(row.later_s):,.0f} s {'later' if row.later_s > 0 else 'earlier'}"
