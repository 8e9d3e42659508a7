"""Following a band closely while its wearer is sought: frequent fixes meanwhile, its own intervals afterwards (ADR 36).

Pure decisions over one band: what it is asked now, what is kept of it, what the timeline says. They look only at what
is stored, so whoever decides next goes on where another one stopped. ``alerts.follow_loop`` carries them out.
"""

from __future__ import annotations

from typing import Any, Final, Literal
from uuid import UUID

import msgspec

from devices.clock import MINUTE_MS
from devices.commands import CommandName

ASKED_BY: Final = "finding"
"""Who asks bands for frequent fixes; what anybody else asks of their intervals is people's will."""

FOLLOWED: Final = "followed"
"""Timeline event: the band has obeyed. ``to`` is the band, ``note`` the seconds between its fixes."""
FOLLOW_FAILED: Final = "follow_failed"
"""The band was asked and has not obeyed so far; the note says why."""
FOLLOW_ENDED: Final = "follow_ended"
"""It has its usual intervals back; the note says how many seconds between fixes."""

NOT_OBEYED_AFTER_MS: Final = MINUTE_MS
"""A band that has not obeyed after so long is worth a line: whoever searches must know that it may not come."""
REFUSED_AGAIN_MS: Final = 10 * MINUTE_MS
TRIES: Final = 3
"""A band that says no is asked again after ten minutes, three times in all."""
STALE_MS: Final = MINUTE_MS
"""Without a fix for so long, or for four intervals where that is longer, a band that obeyed is asked again."""
LOCATE_AGAIN_MS: Final = 5 * MINUTE_MS
"""As long as a ``locate`` is worth obeying: at most one waits."""
SET_AGAIN_MS: Final = 15 * MINUTE_MS
"""A band that restarted has forgotten its interval."""
CHANGE_AGAIN_MS: Final = MINUTE_MS
"""Between two changes of the interval because of the battery."""
TURN_BACK_MS: Final = 30_000
"""From asking for the usual intervals to asking for frequent fixes again: somebody may walk along an edge."""
BATTERY_RISES_PCT: Final = 5.0
"""So much above the bound a battery is no longer low. All of these: assumption, ADR 36."""

Phase = Literal["following", "giving_back", "by_hand"]
"""``by_hand``: somebody has set the band's intervals meanwhile, and theirs stay."""


class Intervals(msgspec.Struct, frozen=True):
    """How often a band reports, seconds."""

    position_s: int
    heartbeat_s: int


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How often a band shall tell where it is while its wearer is sought, seconds; ``low``: while its battery is.

    Its heartbeats stay as they are: a band that announces them more often is missed sooner (``missed_check.silent``),
    and who is lost walks through gaps of the network.
    """

    position_s: int = 15
    low_position_s: int = 60
    low_battery_pct: float = 20.0


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What is written down of a band that is followed.

    ``alarm``: for whose sake. ``usual``: what it shall have back; ``by_itself``: its own pace, as far as we saw it,
    which nobody had set. ``asked``: what it was last asked for, by ``command`` at ``asked_at``. ``told``: what the
    timeline last said.
    """

    alarm: UUID
    since_ms: int
    usual: Intervals
    by_itself: bool
    phase: Phase
    asked: Intervals
    command: UUID
    asked_at: int
    located_at: int
    tries: int = 0
    told: str | None = None


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """The newest ``set_interval`` that a band was asked for ``at`` (ms), and what became of it."""

    id: UUID
    by: str
    at: int
    state: str
    intervals: Intervals

    @property
    def is_open(self) -> bool:
        """Whether it may still be obeyed."""
        return self.state in ("queued", "sent")


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """A band and all that matters of it.

    ``alarm``: an alarm whose resident wears it and is sought; None: nobody is. ``able``: whether it can be asked for
    anything. ``online``: what it says of itself. ``seen``: its own intervals, as its reports show them.
    ``fix_at``: when its newest fix came, ms.
    """

    device: str
    alarm: UUID | None
    able: bool
    kept: Kept | None
    setting: Setting | None
    online: bool | None
    battery_pct: float | None
    charging: bool
    fix_at: int | None
    seen: Intervals


class Ask(msgspec.Struct, frozen=True):
    """A command for the band."""

    name: CommandName
    args: dict[str, Any]


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done: ask, then keep (None: forget the band), and say so on the timeline of ``alarm``.

    Where a ``set_interval`` is asked, ``kept.command`` is its id once it has one.
    """

    alarm: UUID
    kept: Kept | None
    asks: tuple[Ask, ...] = ()
    event: str | None = None
    note: str | None = None


def decide(situation: Situation, pace: Pace, now: int) -> Turn | None:
    """What is to be done about a band now (ms); None: nothing."""
    kept, alarm = situation.kept, situation.alarm
    if kept is None:
        return None if alarm is None or not situation.able else _begin(situation, alarm, pace, now)
    if not situation.able:
        return Turn(alarm=kept.alarm, kept=None, event=FOLLOW_FAILED, note="unknown")
    if alarm is None:
        return _leave(situation, kept, now)
    if kept.phase == "by_hand":
        return None
    if _is_by_hand(situation, kept):
        return Turn(alarm=alarm, kept=msgspec.structs.replace(kept, phase="by_hand"))
    if kept.phase == "giving_back":
        return _turn_back(situation, kept, alarm, pace, now)
    return _go_on(situation, kept, alarm, pace, now)


def wanted(situation: Situation, usual: Intervals, pace: Pace, *, low_before: bool = False) -> Intervals:
    """How often the band shall report; never more seldom than it does by itself."""
    bound = pace.low_battery_pct + (BATTERY_RISES_PCT if low_before else 0)
    low = situation.battery_pct is not None and not situation.charging and situation.battery_pct <= bound
    position_s = pace.low_position_s if low else pace.position_s
    return Intervals(min(position_s, usual.position_s), usual.heartbeat_s)


def _begin(situation: Situation, alarm: UUID, pace: Pace, now: int) -> Turn:
    setting = situation.setting
    was_set = setting is not None and setting.by != ASKED_BY and (setting.is_open or setting.state == "done")
    usual = setting.intervals if setting is not None and was_set else situation.seen
    asked = wanted(situation, usual, pace)
    kept = Kept(
        alarm=alarm,
        since_ms=now,
        usual=usual,
        by_itself=not was_set,
        phase="following",
        asked=asked,
        command=alarm,
        asked_at=now,
        located_at=now,
    )
    return Turn(alarm=alarm, kept=kept, asks=(_frequent(asked), Ask("locate", {})))


def _turn_back(situation: Situation, kept: Kept, alarm: UUID, pace: Pace, now: int) -> Turn | None:
    """Sought again before it had its intervals back."""
    if now - kept.asked_at < TURN_BACK_MS:
        return None
    asked = wanted(situation, kept.usual, pace)
    again = msgspec.structs.replace(
        kept, alarm=alarm, phase="following", asked=asked, asked_at=now, located_at=now, tries=0, told=None
    )
    return Turn(alarm=alarm, kept=again, asks=(_frequent(asked), Ask("locate", {})))


def _go_on(situation: Situation, kept: Kept, alarm: UUID, pace: Pace, now: int) -> Turn | None:
    low_before = kept.asked.position_s > min(pace.position_s, kept.usual.position_s)
    asked = wanted(situation, kept.usual, pace, low_before=low_before)
    since = now - kept.asked_at
    if asked != kept.asked and since >= CHANGE_AGAIN_MS:
        return _ask_again(kept, alarm, asked, now)
    match _became(situation, kept):
        case "done" if kept.told == FOLLOWED:
            return _remind(situation, kept, alarm, now)
        case "done":
            told = msgspec.structs.replace(kept, alarm=alarm, tries=0, told=FOLLOWED)
            return Turn(alarm=alarm, kept=told, event=FOLLOWED, note=str(kept.asked.position_s))
        case "queued" | "sent" as state:
            return _awaited(situation, kept, alarm, state, since)
        case "failed":
            return _refused(kept, alarm, now)
        case _:
            return _ask_again(kept, alarm, asked, now) if since >= TURN_BACK_MS else None


def _awaited(situation: Situation, kept: Kept, alarm: UUID, state: str, since_ms: int) -> Turn | None:
    if since_ms < NOT_OBEYED_AFTER_MS:
        return None
    return _say(
        kept, alarm, "offline" if situation.online is False else "not_sent" if state == "queued" else "no_answer"
    )


def _refused(kept: Kept, alarm: UUID, now: int) -> Turn | None:
    if kept.told != "refused":
        return _say(kept, alarm, "refused")
    if now - kept.asked_at < REFUSED_AGAIN_MS or kept.tries >= TRIES - 1:
        return None
    return _ask_again(msgspec.structs.replace(kept, tries=kept.tries + 1), alarm, kept.asked, now)


def _remind(situation: Situation, kept: Kept, alarm: UUID, now: int) -> Turn | None:
    """It obeyed; where its fixes do not come, it is asked again. One that is offline would not hear it."""
    silent_ms = now - max(kept.asked_at, situation.fix_at or 0)
    if situation.online is False or silent_ms < max(STALE_MS, 4000 * kept.asked.position_s):
        return None
    if now - kept.asked_at >= SET_AGAIN_MS:
        return _ask_again(kept, alarm, kept.asked, now)
    if now - kept.located_at >= LOCATE_AGAIN_MS:
        located = msgspec.structs.replace(kept, alarm=alarm, located_at=now)
        return Turn(alarm=alarm, kept=located, asks=(Ask("locate", {}),))
    return None


def _leave(situation: Situation, kept: Kept, now: int) -> Turn | None:
    """Nobody is sought any more: the band gets its usual intervals back, however long it is out of reach."""
    if kept.phase == "by_hand" or _is_by_hand(situation, kept):
        return Turn(alarm=kept.alarm, kept=None)
    if kept.phase == "following":
        return _give_back(kept, now)
    state, since = _became(situation, kept), now - kept.asked_at
    if state == "done":
        return Turn(alarm=kept.alarm, kept=None, event=FOLLOW_ENDED, note=str(kept.usual.position_s))
    if state in ("queued", "sent"):
        return None
    if state == "failed":
        if kept.tries >= TRIES - 1:
            return Turn(alarm=kept.alarm, kept=None, event=FOLLOW_FAILED, note="refused")
        if since < REFUSED_AGAIN_MS:
            return None
        return _give_back(msgspec.structs.replace(kept, tries=kept.tries + 1), now)
    return _give_back(kept, now) if since >= TURN_BACK_MS else None


def _give_back(kept: Kept, now: int) -> Turn:
    tries = kept.tries if kept.phase == "giving_back" else 0
    after = msgspec.structs.replace(kept, phase="giving_back", asked=kept.usual, asked_at=now, tries=tries)
    usual = {"usual": True} if kept.by_itself else {}
    args = {"position_s": kept.usual.position_s, "heartbeat_s": kept.usual.heartbeat_s, **usual}
    return Turn(alarm=kept.alarm, kept=after, asks=(Ask("set_interval", args),))


def _ask_again(kept: Kept, alarm: UUID, asked: Intervals, now: int) -> Turn:
    again = msgspec.structs.replace(kept, alarm=alarm, asked=asked, asked_at=now, located_at=now)
    told = again if asked == kept.asked else msgspec.structs.replace(again, told=None)
    return Turn(alarm=alarm, kept=told, asks=(_frequent(asked), Ask("locate", {})))


def _say(kept: Kept, alarm: UUID, why: str) -> Turn | None:
    if kept.told == why:
        return None
    return Turn(alarm=alarm, kept=msgspec.structs.replace(kept, alarm=alarm, told=why), event=FOLLOW_FAILED, note=why)


def _is_by_hand(situation: Situation, kept: Kept) -> bool:
    """Whether somebody else has set the band's intervals since we did."""
    setting = situation.setting
    return setting is not None and setting.by != ASKED_BY and setting.at >= kept.asked_at


def _became(situation: Situation, kept: Kept) -> str | None:
    """What became of what we asked last; None: nobody knows, it was never queued or is forgotten."""
    setting = situation.setting
    return setting.state if setting is not None and setting.id == kept.command else None


def _frequent(asked: Intervals) -> Ask:
    return Ask("set_interval", {"position_s": asked.position_s, "heartbeat_s": asked.heartbeat_s})
