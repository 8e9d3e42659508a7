"""What a story expects to hear, and when: ``want(between(60, 61), sms("daughter"))``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from alerts.alarm import Alarm, TimelineEntry
from alerts.telling import ALARM_TEMPLATES
from tests.support.escalation.phones import Heard

_ENDS: Final = frozenset({"all_clear", "all_clear_cancelled"})


class Window(NamedTuple):
    """Seconds since the story began, both included."""

    start: float
    end: float

    def __str__(self) -> str:
        return f"{self.start:g}–{self.end:g} s"


class Want(NamedTuple):
    """Somebody hears something. ``templates``: one of these; ``saying``: this stands in the text."""

    who: str
    how: str
    templates: frozenset[str]
    saying: str = ""

    def is_heard_in(self, heard: Heard) -> bool:
        return (
            (heard.who, heard.how) == (self.who, self.how)
            and heard.template in self.templates
            and self.saying in heard.text
        )

    def __str__(self) -> str:
        return f"{self.who} by {self.how}: {' or '.join(sorted(self.templates))} {self.saying}"


class Line(NamedTuple):
    """The alarm's timeline says something. ``of``: whose alarm."""

    event: str
    of: str
    actor: str | None = None
    note: str | None = None
    to: str | None = None

    def is_in(self, entry: TimelineEntry) -> bool:
        asked = ((self.actor, entry.actor), (self.note, entry.note), (self.to, entry.to))
        return self.event == entry.event and all(want in (None, said) for want, said in asked)

    def __str__(self) -> str:
        return f"timeline of {self.of}: {self.event} {self.actor or ''} {self.note or ''} {self.to or ''}"


Expected = tuple[Window, Want | Line]


def between(start: float, end: float) -> Window:
    """From the one second to the other."""
    return Window(start, end)


def minutes(count: float) -> float:
    """So many minutes, in s."""
    return 60 * count


def hours(count: float) -> float:
    """So many hours, in s."""
    return 3600 * count


def sms(who: str, saying: str = "") -> Want:
    """An alarm reaches a phone as a text."""
    return Want(who, "sms", ALARM_TEMPLATES - {"bundle"}, saying)


def call(who: str, saying: str = "") -> Want:
    """An alarm reaches a phone as a call."""
    return Want(who, "voice", ALARM_TEMPLATES - {"bundle"}, saying)


def group(saying: str = "") -> Want:
    """The site's chat group hears that help is needed."""
    return Want("chat", "chat", ALARM_TEMPLATES - {"bundle"}, saying)


def bundle(who: str, saying: str = "", how: str = "sms") -> Want:
    """Several alarms in one message."""
    return Want(who, how, frozenset({"bundle"}), saying)


def all_clear(who: str, saying: str = "", how: str = "sms") -> Want:
    """It is over."""
    return Want(who, how, _ENDS, saying)


def stand_down(who: str, saying: str = "", how: str = "sms") -> Want:
    """It is over: turn back."""
    return Want(who, how, frozenset({"stand_down"}), saying)


def band(whose: str, saying: str = "") -> Want:
    """A wristband shows something."""
    return Want(whose, "band", frozenset({"message"}), saying)


def ring(whose: str) -> Want:
    """A wristband sounds."""
    return Want(whose, "band", frozenset({"ring"}))


def question(whose: str) -> Want:
    """A wristband asks whether its wearer is all right."""
    return Want(whose, "band", frozenset({"confirm_ok"}))


def line(
    event: str, *, of: str = "wang", actor: str | None = None, note: str | None = None, to: str | None = None
) -> Line:
    """A line of the timeline."""
    return Line(event, of, actor, note, to)


def mistakes(
    expected: Sequence[Expected],
    silent: frozenset[str],
    heard: Sequence[Heard],
    alarms: Mapping[str, Sequence[Alarm]],
    t0: int,
) -> list[str]:
    """What was wanted and not heard, and what those heard of whom the story speaks that nobody wanted."""
    wrong = []
    left = list(heard)
    for window, want in expected:
        if isinstance(want, Line):
            entries = [entry for alarm in alarms.get(want.of, []) for entry in alarm.timeline if want.is_in(entry)]
            if not any(window.start <= (entry.t - t0) / 1000 <= window.end for entry in entries):
                wrong.append(f"missing in {window}: {want}")
            continue
        found = next((h for h in left if want.is_heard_in(h) and window.start <= h.t <= window.end), None)
        if found is None:
            wrong.append(f"missing in {window}: {want}")
        else:
            left.remove(found)
    spoken_of = {(want.who, want.how == "band") for _, want in expected if isinstance(want, Want)}
    unwanted = [h for h in left if "*" in silent or h.who in silent or (h.who, h.how == "band") in spoken_of]
    return wrong + [f"nobody wanted: {shown(h)}" for h in unwanted]


def shown(heard: Heard) -> str:
    """One line of what was heard."""
    return f"{heard.t:8.1f} s  {heard.who} by {heard.how}: {heard.template}  {heard.text}"
