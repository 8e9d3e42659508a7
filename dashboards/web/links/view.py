"""What a page behind a link says, put into words; what it may know was decided before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from alerts.alarm import Alarm
from alerts.policy import MISSED_CHECK
from alerts.replies import needs_confirming
from dashboards.web.links.compass import Compass, compass
from dashboards.web.links.facts import FAMILY, Facts
from dashboards.web.links.story import Milestone, Story
from dashboards.web.wording import Wording
from devices.clock import MINUTE_MS, zone
from gateway.store.disclosure import Centre, Disclosed, Whereabouts

_ICON: Final = {"open": "bell", "taken": "phone", "going": "going", "there": "there", "over": "check"}
_UNKNOWN: Final = "help"
TECHNICAL: Final = "system"
"""The kind of alarm to which nobody goes: somebody sees to it."""


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """A time in words: by the clock, and how long ago."""

    iso: str
    clock: str
    ago: str


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the way; ``clock`` empty: not yet."""

    word: str
    clock: str
    here: bool


class Spot(msgspec.Struct, frozen=True, kw_only=True):
    """Where somebody was, in words, with the drawing if the home is known, and a map that is not ours."""

    words: str
    at: Moment
    accuracy: str
    compass: Compass | None
    half_scale: str
    full_scale: str
    map: str


class Words:
    """One centre's words in one language at one moment."""

    def __init__(self, language: str, centre: Centre, now: int) -> None:
        self._wording = Wording(language)
        self._t = self._wording.t
        self._centre = centre
        self._now = now

    def clock(self, t: int, *, seconds: bool = False) -> str:
        """``14:03``, with the date on another day; local to the centre."""
        local, today = self._local(t), self._local(self._now)
        if local.date() != today.date():
            return local.strftime("%Y-%m-%d %H:%M")
        return local.strftime("%H:%M:%S" if seconds else "%H:%M")

    def moment(self, t: int) -> Moment:
        """The time, and how long ago; a device's clock may be ahead."""
        passed = max(self._now - t, 0)
        minutes = passed // MINUTE_MS
        if minutes < 1:
            ago = self._t("link.just_now")
        elif minutes < 120:
            ago = self._t("ago.minutes", n=minutes)
        else:
            ago = self._t("ago.hours", n=minutes // 60)
        return Moment(iso=self._local(t).isoformat(), clock=self.clock(t), ago=ago)

    def summary(self, facts: Facts) -> dict[str, Any]:
        """What happened to whom, where, and how it stands."""
        names = self._t("link.and").join(person.name for person in facts.people if person.name)
        return {
            "alarm": facts.alarm,
            "story": facts.story,
            "name": names,
            "what": self.what(facts.alarm, names),
            "since": self.moment(facts.alarm.event_time),
            "state": self.state(facts.story, facts.named),
            "technical": facts.alarm.kind == TECHNICAL,
            "missed": facts.alarm.kind == MISSED_CHECK,
            "icon": "phone" if facts.story.how == "call_centre" else _ICON[facts.story.stage],
            "address": self._wording.place(facts.people[0].address) if facts.people and facts.role != FAMILY else "",
        }

    def details(self, facts: Facts, expires_at: int) -> dict[str, Any]:
        """All of a page but the position."""
        mine = facts.mine
        return {
            **self.summary(facts),
            "steps": [self._step(milestone, facts.story) for milestone in facts.story.milestones],
            "mine": None if mine is None else {"word": self._said(mine.verb, facts), "clock": self.clock(mine.t)},
            "accepted": facts.accepted,
            "arrived": mine is not None and mine.verb == "there",
            "confirmed_by_staff": needs_confirming(facts.alarm),
            "cards": [self._card(person) for person in facts.people] if facts.extent == "card" else [],
            "as_of": self.clock(self._now),
            "until": self.clock(expires_at),
        }

    def _said(self, verb: str, facts: Facts) -> str:
        by = TECHNICAL if facts.alarm.kind == TECHNICAL else facts.role
        return self._wording.known(f"link.said.{by}.{verb}", self._t(f"link.said.{verb}"))

    def _card(self, person: Disclosed) -> dict[str, Any]:
        return {**msgspec.structs.asdict(person), "place": self._wording.place(person.address)}

    def what(self, alarm: Alarm, names: str) -> str:
        """What happened to whom; of our own system, by the rule's name."""
        known = self._wording.known
        if alarm.kind == TECHNICAL:
            return known(f"rule.{alarm.rule}", self._t("kind.system"))
        said = known(f"link.what.{alarm.rule}", known(f"link.what.{alarm.kind}", self._t(f"link.what.{_UNKNOWN}")))
        return said.format(name=names or self._t("link.somebody"))

    def state(self, story: Story, named: Sequence[str] = ()) -> str:
        """How it stands; by name where whoever reads it may know who goes."""
        if story.how is not None:
            return self._wording.known(f"link.over.{story.how}", self._t("link.over.settled"))
        if named and story.who is not None:
            return self._t(f"link.{story.stage}.named", who=self._t("link.and").join(named))
        return self._stage(story.stage, story.who)

    def _step(self, milestone: Milestone, story: Story) -> Step:
        over = story.how is not None and milestone.stage == "over"
        if milestone.t is None:
            word = self._t(f"link.next.{milestone.stage}")
        elif milestone.stage == "open":
            word = self._t("link.began")
        else:
            word = self.state(story) if over else self._stage(milestone.stage, milestone.who)
        return Step(
            word=word,
            clock="" if milestone.t is None else self.clock(milestone.t),
            here=milestone.stage == story.stage,
        )

    def _stage(self, stage: str, who: str | None) -> str:
        return self._t(f"link.{stage}" if who is None else f"link.{stage}.{who}")

    def spot(self, place: Whereabouts) -> Spot:
        """A position, told from home."""
        drawing = compass(place)
        return Spot(
            words=self._from_home(drawing),
            at=self.moment(place.t),
            accuracy=""
            if place.accuracy_m is None
            else self._t("link.accuracy", m=self._wording.metres(place.accuracy_m)),
            compass=drawing,
            half_scale="" if drawing is None else self._wording.metres(drawing.scale_m / 2),
            full_scale="" if drawing is None else self._wording.metres(drawing.scale_m),
            map=self._t("link.map_address", lat=f"{place.lat:.6f}", lon=f"{place.lon:.6f}"),
        )

    def _from_home(self, drawing: Compass | None) -> str:
        if drawing is None:
            return self._t("link.home_unknown")
        if drawing.direction is None:
            return self._t("link.near_home")
        direction = self._t(f"link.direction.{drawing.direction}")
        return self._t("link.from_home", distance=self._wording.metres(drawing.distance_m), direction=direction)

    def _local(self, t: int) -> datetime:
        return datetime.fromtimestamp(t / 1000, zone(self._centre.timezone))
