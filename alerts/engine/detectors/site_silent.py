"""``system.site_silent``: so many of a site's devices fell silent together that the network is to blame, or the power.

One alarm says so instead of hundreds. What is counted are people, by all that they wear, and boxes: of those that
were heard within a day before, whose silence is not expected since they charge. A site, or a part of it, is silent
when at least ``share_pct`` of them, and five, are silent, and their silence began to count within ``within_s``. Of a
site of three or four it is all, of a smaller one nothing is said: two may leave together.

- **Before that is certain** silences wait: as soon as so many owe us one sign, nobody's silence is opened within
  ``patience_s`` of its deadline. So the first of thousands does not come before the alarm that explains it.
- **While it stands** whoever has not been heard since is in the dark (``earshot``): no conclusion is drawn from their
  silence, though not for ever: from ``hold_s`` after the last of them was heard, everybody is judged again. Others of
  the same site are judged as ever; if they fall silent by the dozen, too, they are in the dark from then on.
- **It ends** when half as many as are needed to open it, or fewer, are still silent. Then everybody is judged who has
  not been heard within an interval of their own.

What a device in the dark had stored comes in old pieces; until one is fresh it is still in the dark.

Medium, and high when half of the site, or more, is silent. While it stands it is said again every ``remind_s``.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from alerts.engine.compiled import inner
from alerts.engine.detectors.silent import interval_of, limit_of, next_reminder
from alerts.engine.journal import keep_site
from alerts.engine.layout import BUCKET_MS, FOREVER, NEVER, NOBODY, WORN, Journal, State
from alerts.engine.outcome import emit, unfinished
from alerts.engine.parameters import ParameterSpec, switch
from alerts.engine.rules import Rule, Severity, What
from alerts.engine.wearing import rules_of, span_at, speaks_for, stir_site
from devices.batch import Records

RULE = Rule.SYSTEM_SITE_SILENT
PARAMETERS = (
    switch("system.site_silent"),
    ParameterSpec(
        "system.site_silent.share_pct", 10, 1, 100, "so many of those who were heard fell silent together",
        "assumption, ADR-29", whole=True,
    ),
    ParameterSpec(
        "system.site_silent.within_s", 300, 60, 86_400, "together: their silences began to count within so long",
        "assumption, ADR-29",
    ),
    ParameterSpec(
        "system.site_silent.patience_s", 300, 0, 3600,
        "while a site may just be falling silent, one person's silence waits so long", "assumption, ADR-29",
    ),
    ParameterSpec(
        "system.site_silent.hold_s", 14_400, 0, 86_400,
        "people of a silent site are judged again so long after the last of them was heard", "assumption, ADR-29",
    ),
    ParameterSpec(
        "system.site_silent.remind_s", 1800, 60, 86_400, "while it stands, it is said again so often",
        "design rule 8, as for missed checks",
    ),
)  # fmt: skip
EVIDENCE = (
    "devices_silent", "devices_expected", "devices_needed", "silent_for_s", "within_s", "hold_s",
)  # fmt: skip

FEWEST: Final = 3
"""Of a smaller site nothing is said. Assumption, ADR-29."""
ENOUGH: Final = 5
"""So many are needed, where there are so many. Assumption, ADR-29."""
ALIVE_MS: Final = 86_400_000
"""Who was not heard within a day before the others is not expected. Assumption, ADR-29."""

_RULE = int(RULE)
_MEDIUM = int(Severity.MEDIUM)
_HIGH = int(Severity.HIGH)
_OPENED = int(What.OPENED)
_EVIDENCE = int(What.EVIDENCE)
_RECOVERED = int(What.RECOVERED)


class Unit(NamedTuple):
    """Somebody by all that they wear, or a box. Times in ms."""

    counts: bool
    """Whether anything depends on its being heard, and it is not counted through another device."""
    last: int
    """Newest sign."""
    owes: int
    """From then on it owes us a sign."""
    due: int
    """From then on it is silent, by its own limit."""
    pace: int
    """Its interval."""
    until: int
    """So long it is as it is, if nobody changes the plan."""
    expected: bool
    """Whether it should be heard: it does not charge."""


class Look(NamedTuple):
    """What a look at a site found."""

    expected: int
    needed: int
    late: int
    """Owe us a sign, and did not before the others did."""
    silent: int
    """Of those, silent by their own limit."""
    dark: int
    """Silent since the site is, still."""
    newest: int
    """Newest sign of those who are late, ms."""
    deadline: int
    """Newest deadline of those who are silent, ms."""
    floor: int
    """Whose silence counted by then was silent before, ms."""
    again: int
    """Nothing can have changed before then by mere time, ms."""


@inner
def advance(
    state: State, now: int, listening_since: int, enabled: npt.NDArray[np.int8], journal: Journal, out: Records, k: int
) -> int:  # fmt: skip
    """Look at every site where so many may be silent; returns as ``silent.advance``."""
    if enabled[_RULE] == 0:
        return k
    for s in range(len(state.site_due)):
        spoke = True
        while spoke and state.site_due[s] <= now:
            if k == len(out) or journal.used[8] == len(journal.site_row):
                return unfinished(k)
            before = k
            k = judge(state, s, now, listening_since, journal, out, k)
            spoke = k > before
    return k


@inner
def judge(state: State, s: int, now: int, listening_since: int, journal: Journal, out: Records, k: int) -> int:
    """Say the next thing that is to be said of a site, if there is one."""
    site = state.site[s]
    p = state.rules[site["rules"]]
    found = look(state, s, now, listening_since, p)
    if site["open"] == 0:
        return fallen(state, s, found, now, p, journal, out, k)
    if 2 * found.dark <= found.needed:
        return back(state, s, found, now, p, journal, out, k)
    return stands(state, s, found, now, p, journal, out, k)


@inner
def fallen(state: State, s: int, found: Look, now: int, p: Any, journal: Journal, out: Records, k: int) -> int:
    """Open the site's silence if it has one; else let single silences wait if it may be about to have one."""
    state.hush[s] = 0
    if p["site_silent_enabled"] == 0:
        state.site_due[s] = FOREVER
        return k
    if found.late < found.needed:
        state.site_due[s] = found.again
        return k
    state.site_due[s] = now
    if found.silent < found.needed:
        state.hush[s] = 1
        return k
    keep_site(state, journal, s)
    site = state.site[s]
    site["open"] = 1
    site["severity"] = severity_of(found.late, found.expected)
    site["opening_t"] = found.deadline
    site["began"] = found.newest
    site["floor"] = found.floor
    site["again"] = next_reminder(found.deadline, p["site_silent_remind_ms"], now)
    return say(state, s, _OPENED, found.deadline, found.late, found, now, p, out, k)


@inner
def back(state: State, s: int, found: Look, now: int, p: Any, journal: Journal, out: Records, k: int) -> int:
    """End it: who is silent from here on is so by themselves."""
    keep_site(state, journal, s)
    state.site[s]["open"] = 0
    state.site[s]["back"] = now
    state.hush[s] = 0
    stir_site(state, s)
    return say(state, s, _RECOVERED, now, found.dark, found, now, p, out, k)


@inner
def stands(state: State, s: int, found: Look, now: int, p: Any, journal: Journal, out: Records, k: int) -> int:
    """Say again that it stands when that is due, more of the site is silent, or it is worse."""
    site = state.site[s]
    state.hush[s] = 0
    if p["site_silent_enabled"] == 0:
        return k
    more = found.late >= found.needed
    spreads = more and found.silent >= found.needed
    state.hush[s] = 1 if more and not spreads else 0
    dark = found.dark + (found.late if spreads else 0)
    severity = max(int(site["severity"]), severity_of(dark, found.expected))
    reminded = site["again"] <= now
    if not (spreads or reminded or severity > site["severity"]):
        return k
    keep_site(state, journal, s)
    moment = now
    site["severity"] = severity
    if spreads:
        site["began"] = found.newest
    if reminded:
        every = int(p["site_silent_remind_ms"])
        moment = int(site["again"]) + (now - int(site["again"])) // every * every
        site["again"] = moment + every
    return say(state, s, _EVIDENCE, moment, dark, found, now, p, out, k)


@inner
def severity_of(dark: int, expected: int) -> int:
    """How bad it is."""
    return _HIGH if 2 * dark >= expected else _MEDIUM


@inner
def say(
    state: State, s: int, what: int, moment: int, dark: int, found: Look, now: int, p: Any, out: Records, k: int
) -> int:  # fmt: skip
    """Emit what became of the site."""
    site = state.site[s]
    emit(
        out, k, _RULE, what, site["severity"], moment, site["opening_t"], -1, -1, NOBODY, -1, late=False, p=p,
    )  # fmt: skip
    out[k]["site"] = s
    values = out[k]["values"]
    values[0] = dark
    values[1] = found.expected
    values[2] = found.needed
    values[3] = (now - site["began"]) / 1000.0
    values[4] = p["site_silent_within_ms"] / 1000.0
    values[5] = p["site_silent_hold_ms"] / 1000.0
    return k + 1


@inner
def look(state: State, s: int, now: int, listening_since: int, p: Any) -> Look:
    """Count who is silent in a site, and since when."""
    site = state.site[s]
    rows = range(site["first"], site["first"] + site["count"])
    is_open = site["open"] == 1
    heard = NEVER
    for row in rows:
        unit = unit_of(state, state.site_device[row], now)
        if unit.counts:
            heard = max(heard, unit.last)
    alive = (min(heard, int(site["began"])) if is_open else heard) - ALIVE_MS
    floor = min(now - int(p["site_silent_within_ms"]), heard)
    audible = max(listening_since, int(site["back"]))
    again = FOREVER
    expected, fading, late, silent, dark, newest, deadline = 0, 0, 0, 0, 0, NEVER, NEVER
    for bucket in range(len(state.tally)):
        state.tally[bucket] = 0
    for row in rows:
        unit = unit_of(state, state.site_device[row], now)
        again = min(again, unit.until)
        if not (unit.counts and unit.expected and unit.last > alive):
            continue
        expected += 1
        fading += unit.last <= alive + 2 * BUCKET_MS * len(state.tally)
        if is_open and unit.last <= site["began"]:
            dark += site["floor"] < unit.due <= now
            continue
        if unit.due <= floor:
            continue
        owes = max(unit.owes, audible)
        if owes > now:
            state.tally[min((owes - now) // BUCKET_MS, len(state.tally) - 1)] += 1
            continue
        late += 1
        newest = max(newest, unit.last)
        if max(unit.due, audible + unit.pace) <= now:
            silent += 1
            deadline = max(deadline, unit.due, audible + unit.pace)
    needed = max(FEWEST, min(expected, ENOUGH), (expected * int(p["site_silent_share_pct"]) + 99) // 100)
    again = min(again, now + BUCKET_MS * bucket_of(state, needed - late - fading))
    return Look(expected, needed, late, silent, dark, newest, deadline, floor, again)


@inner
def bucket_of(state: State, more: int) -> int:
    """In which bucket of the tally one more and one more make so many; the last at the latest.

    Fewer may be enough by then: who was not heard for a day is expected no more, and with the others needed fall.
    Whose day is soon over therefore counts as if it were.
    """
    for bucket in range(len(state.tally)):
        more -= state.tally[bucket]
        if more <= 0:
            return bucket
    return len(state.tally) - 1


@inner
def unit_of(state: State, d: int, now: int) -> Unit:
    """Whom or what a device of a site stands for; a person by all that they wear of the same site."""
    wearer, since, until = span_at(state, d, now)
    device = state.device[d]
    if wearer == NOBODY:
        until = FOREVER
    if wearer == NOBODY or device["last_sign"] < since or (wearer >= 0 and state.resident[wearer]["active"] == 0):
        return Unit(counts=False, last=NEVER, owes=NEVER, due=NEVER, pace=0, until=until, expected=False)
    if wearer < 0 or device["watched"] != WORN:
        p = state.rules[rules_of(state, d, wearer)]
        return Unit(
            counts=True, last=int(device["last_sign"]), owes=owes_from(device, p), due=due_at(device, p),
            pace=interval_of(device, p), until=until, expected=device["watched"] != WORN or device["charging"] != 1,
        )  # fmt: skip
    p = state.rules[state.resident[wearer]["rules"]]
    last, owes, due, pace, expected = NEVER, NEVER, NEVER, 0, True
    first = state.resident[wearer]["ward_first"]
    for row in range(first, first + state.resident[wearer]["ward_count"]):
        other = state.ward[row]
        worn = state.device[other]
        if worn["site"] != device["site"] or not speaks_for(state, other, wearer, now):
            continue
        if other < d:
            return Unit(counts=False, last=NEVER, owes=NEVER, due=NEVER, pace=0, until=until, expected=False)
        if worn["last_sign"] > last:
            last, expected = int(worn["last_sign"]), worn["charging"] != 1
        owes = max(owes, owes_from(worn, p))
        due = max(due, due_at(worn, p))
        pace = max(pace, interval_of(worn, p))
    return Unit(counts=True, last=last, owes=owes, due=due, pace=pace, until=until, expected=expected)


@inner
def owes_from(device: Any, p: Any) -> int:
    """From when on a device owes us a sign, ms."""
    return int(device["last_sign"]) + interval_of(device, p) + int(p["silent_grace_ms"])


@inner
def due_at(device: Any, p: Any) -> int:
    """From when on a device is silent, ms."""
    return int(device["last_sign"]) + limit_of(device, p)
