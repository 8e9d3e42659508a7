"""What is said to people outside: parameters out of an alarm, and texts out of parameters.

A message is stored as template, parameters and language; its text exists only while it is being sent or shown.
Parameters are short codes, names, parts of an address and a local time: no illness, no coordinates.

An SMS fits one segment with its signature, code and link, whatever the names. When it does not, this gives way, in
this order: the centre's name; the long form of how to answer and of what to do; the end of a long name; then, to
family, how to answer and after that the link; to everybody else the link and after that how to answer. Family can
do little with an answer and much with the page; who is to go needs one way to say so that works on every phone.
Who, what, when and what to do always stand there: a text is of use without link and without answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from alerts.alarm import Alarm
from alerts.drafts import Draft
from alerts.findings import CONSOLE_SILENT
from alerts.phrases import BAND, LANGUAGES, LENGTHS, PATTERNS, Template
from alerts.policy import MISSED_CHECK, ended_by, only_seen
from alerts.ports import Channel, Message, ResidentCard, Role
from alerts.segment import fits_one_segment, is_gsm7
from devices.clock import DEFAULT_TIMEZONE, zone

__all__ = [
    "Template", "alarm_params", "all_clear_params", "band_text", "bundle_params", "emergency_params", "local_time",
    "render", "text_of", "values_of",
]  # fmt: skip

DEFAULT_LANGUAGE: Final = "zh"

_TODO: Final[Mapping[Role, str]] = {
    "resident": "say_well",
    "neighbour": "go", "grid_worker": "go", "volunteer": "go",
    "staff": "take", "duty": "take", "supervisor": "take",
    "chat": "who_can", "emergency": "database_away",
}  # fmt: skip
_LINK: Final = re.compile(r"https?://[^\s，。]+")
_ADDRESS_PARTS: Final = ("building", "unit", "floor", "room")
_KIND_BY_RULE: Final[Mapping[str, str]] = {
    "missed_check.silent": "silent",
    "missed_check.inactivity": "inactivity",
    "missed_check.reported": "out_of_reach",
}
_WITHOUT_ADDRESS: Final[frozenset[Role]] = frozenset({"family", "resident"})
_HOW_BY_RESULT: Final[Mapping[str, str]] = {
    "settled_by_phone": "settled_by_phone",
    "helped_on_site": "helped_on_site",
    "found": "found",
    "ambulance": "call_centre",
    "hospital": "call_centre",
    "died": "call_centre",
}


def alarm_params(alarm: Alarm, card: ResidentCard, role: Role = "family") -> dict[str, Any]:
    """Parameters of the template that tells somebody in this role: a group hears no name, family no address."""
    todo = _TODO.get(role) or ("call_them" if alarm.state == "open" else "stay_reachable")
    params = {**_about(alarm, card, role), "kind": _KIND_BY_RULE.get(alarm.rule, alarm.kind), "todo": todo}
    if role == "resident":
        return {**params, "asked": params["kind"]}
    if alarm.kind == "system":
        todo = "to_the_desk" if alarm.rule == CONSOLE_SILENT else "look"
        return {**params, "system": alarm.rule.partition(".")[2], "todo": todo}
    return params


def all_clear_params(alarm: Alarm, card: ResidentCard, role: Role = "family") -> dict[str, Any]:
    """Parameters of ``all_clear``, ``all_clear_cancelled`` and ``stand_down``: with how it ended."""
    if alarm.state == "cancelled":
        by_wearer = any(e.event in ("cancel", "wearer_cancelled") and e.actor == "wearer" for e in alarm.timeline)
        how = "taken_back" if by_wearer else "no_emergency"
    else:
        arrived = any(entry.event == "arrive" for entry in alarm.timeline)
        how = _HOW_BY_RESULT.get(alarm.result or "", "helped_on_site" if arrived else "settled")
        if alarm.kind == MISSED_CHECK:
            how = _how_found_well(alarm) or how
        if alarm.rule == CONSOLE_SILENT and ended_by(alarm) == "engine":
            how = "desk_listens"
    return {**_about(alarm, card, role), "how": how}


def _how_found_well(alarm: Alarm) -> str | None:
    """How a missed check ended that staff did not write up; None when they did."""
    if only_seen(alarm):
        return "safe"
    by = ended_by(alarm)
    if by == "engine" and alarm.rule == "missed_check.silent":
        return "heard_again"
    return "heard_from" if by in ("engine", "wearer") else None


def bundle_params(site_name: str, count: int) -> dict[str, Any]:
    """Parameters of ``bundle``."""
    return {"site": site_name, "count": count}


def emergency_params(
    *,
    kind: str,
    event_time: int,
    name: str = "",
    site_name: str = "",
    timezone: str = DEFAULT_TIMEZONE,
    address: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Parameters of ``emergency``, from what the gateway knows by heart while the database is away."""
    return {
        "name": name,
        "who": "somebody",
        "site": site_name,
        "time": local_time(event_time, timezone),
        "kind": kind,
        "todo": "database_away",
        **_parts(address or {}, _ADDRESS_PARTS),
    }


def band_text(key: str, language: str) -> str:
    """What a wristband shows.

    Raises:
        KeyError: There is no such text.
    """
    return BAND[key, language if language in LANGUAGES else DEFAULT_LANGUAGE]


def render(message: Message, *, link: str | None = None, signature: str | None = None, replies: bool = True) -> str:
    """The text of a message, just before it is sent.

    Args:
        message: Its channel decides the form: an SMS fits one segment, a call is spoken and names the keypad, a
            chat message is as long as it is.
        link: The address of its page, if it has one.
        signature: What an SMS begins with; None: what its language has.
        replies: Whether an answer by SMS, or a key pressed during a call, would find its way back; else none is
            asked for.

    Raises:
        KeyError: The template is not in the catalogue.
    """
    return text_of(
        message.template,
        message.params,
        message.language,
        channel=message.channel,
        code=message.code,
        link=link,
        signature=signature,
        replies=replies,
    )


def text_of(
    template: str,
    params: Mapping[str, Any],
    language: str,
    *,
    channel: Channel = "sms",
    code: int | None = None,
    link: str | None = None,
    signature: str | None = None,
    replies: bool = True,
) -> str:
    """The text of a template; arguments and errors as of ``render``."""
    language = language if (template, language) in PATTERNS else DEFAULT_LANGUAGE
    if channel == "chat" and link is not None and params.get("todo") == "who_can":
        params = {**params, "todo": "who_can_here"}
    if channel == "voice":
        return Draft(template, params, language, signature, latin=language != DEFAULT_LANGUAGE).spoken(keypad=replies)
    ways = LENGTHS.get(("hint", template, language), ()) if replies and code is not None else ()
    hints = [way.format(code=code) for way in ways]
    draft = Draft(template, params, language, signature)
    full = draft.text(hint=hints[0] if hints else "", link=link)
    if channel == "chat" or fits_one_segment(full):
        return full
    if language != DEFAULT_LANGUAGE and not is_gsm7(full):
        draft = Draft(template, params, language, signature, latin=True)
    answer_alone: tuple[list[str], str | None] = (hints, None)
    page_alone: tuple[list[str], str | None] = ([], link)
    then = (page_alone, answer_alone) if template == Template.ALARM else (answer_alone, page_alone)
    for how, where in ((hints, link), *then):
        for text in draft.shorter_and_shorter(how, where):
            if fits_one_segment(text):
                return text
    return next(filter(fits_one_segment, draft.down_to_nothing()), "")


def values_of(message: Message, text: str) -> dict[str, str]:
    """The variables of a provider's own template for the message that reads ``text``, each as it is said there.

    By name: whichever of ``name``, ``day``, ``time``, ``kind``, ``asked``, ``todo``, ``place``, ``building``,
    ``system``, ``how``, ``count`` and ``site`` the template has, ``code``, ``link``, and ``text`` for the whole. None
    is empty.
    """
    language = message.language if (message.template, message.language) in PATTERNS else DEFAULT_LANGUAGE
    link = _LINK.search(text)
    return {
        **Draft(message.template, message.params, language, None).values(),
        **({} if message.code is None else {"code": str(message.code)}),
        **({} if link is None else {"link": link.group()}),
        "text": text,
    }


def local_time(t: int, timezone: str) -> str:
    """``HH:MM`` at ``t`` (ms) on the resident's own clock."""
    return datetime.fromtimestamp(t / 1000, zone(timezone)).strftime("%H:%M")


def _about(alarm: Alarm, card: ResidentCard, role: Role) -> dict[str, Any]:
    nobody = alarm.resident is None and alarm.household is None
    parts = ("building",) if role == "chat" else () if role in _WITHOUT_ADDRESS else _ADDRESS_PARTS
    return {
        "name": "" if role == "chat" else card.name,
        "who": "system" if alarm.kind == "system" else "stranger" if nobody else "somebody",
        "site": card.site_name,
        "time": local_time(alarm.event_time, card.timezone),
        **_parts(card.address, parts),
    }


def _parts(address: Mapping[str, str], parts: tuple[str, ...]) -> dict[str, str]:
    return {part: value for part in parts if (value := str(address.get(part) or "").strip())}
