"""What is said to people outside: a catalogue of short texts, each fitting one SMS segment.

A message is stored as template, parameters and language; its text exists only while it is being sent or shown.
Texts name no illness and no place beyond the centre. Parameters are short codes, names and a local time.

One segment holds 70 UTF-16 units, or 160 characters if all of them are in the GSM 7-bit alphabet, where some
count double. Source: 3GPP TS 23.038, sections 6.1.2 and 6.2.1.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from string import Formatter
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from alerts.alarm import Alarm
from alerts.ports import ResidentCard

UCS2_UNITS: Final = 70
GSM7_UNITS: Final = 160
DEFAULT_TIMEZONE: Final = "Asia/Shanghai"
DEFAULT_LANGUAGE: Final = "zh"


class Template(StrEnum):
    """The keys of the catalogue."""

    ALARM = "alarm"
    ALL_CLEAR = "all_clear"
    ALL_CLEAR_CANCELLED = "all_clear_cancelled"


CATALOGUE: Final[dict[tuple[str, str], str]] = {
    ("alarm", "zh"): "【安心】{name}{time}{kind}，{todo}。{site}",
    ("alarm", "en"): "Anxin: {name} {kind}, {time}. {todo}. {site}",
    ("all_clear", "zh"): "【安心】{name}{time}的警报已处理：{how}。{site}",
    ("all_clear", "en"): "Anxin: {name}'s {time} alarm is over: {how}. {site}",
    ("all_clear_cancelled", "zh"): "【安心】{name}{time}的警报已取消，{how}。{site}",
    ("all_clear_cancelled", "en"): "Anxin: {name}'s {time} alarm was cancelled: {how}. {site}",
}

WORDS: Final[dict[tuple[str, str, str], str]] = {
    ("kind", "sos", "zh"): "按了求助键",
    ("kind", "sos", "en"): "pressed SOS",
    ("kind", "fall", "zh"): "可能摔倒了",
    ("kind", "fall", "en"): "may have fallen",
    ("kind", "wandering", "zh"): "走出了安全区域",
    ("kind", "wandering", "en"): "left the safe zone",
    ("kind", "missed_check", "zh"): "没有按时报平安",
    ("kind", "missed_check", "en"): "gave no sign of life",
    ("kind", "help", "zh"): "需要关注",
    ("kind", "help", "en"): "needs attention",
    ("todo", "stay_reachable", "zh"): "我们正在处理，请保持电话畅通",
    ("todo", "stay_reachable", "en"): "We see to it, be reachable",
    ("todo", "call_them", "zh"): "请尽快联系本人或服务中心",
    ("todo", "call_them", "en"): "Call them or the centre",
    ("how", "settled", "zh"): "已有人跟进",
    ("how", "settled", "en"): "taken care of",
    ("how", "settled_by_phone", "zh"): "已电话确认平安",
    ("how", "settled_by_phone", "en"): "safe, we phoned",
    ("how", "helped_on_site", "zh"): "已有人到场帮助",
    ("how", "helped_on_site", "en"): "helped on site",
    ("how", "found", "zh"): "人已找到",
    ("how", "found", "en"): "found and with us",
    ("how", "call_centre", "zh"): "详情请致电服务中心",
    ("how", "call_centre", "en"): "please call the centre",
    ("how", "taken_back", "zh"): "本人已按取消",
    ("how", "taken_back", "en"): "taken back by the wearer",
    ("how", "no_emergency", "zh"): "无需担心",
    ("how", "no_emergency", "en"): "no emergency",
}
"""(parameter, code, language) → words."""

_CODED: Final[dict[str, str]] = {"kind": "help", "todo": "stay_reachable", "how": "settled"}
"""Parameters that hold codes, and the code that stands in for an unknown one."""

_NAMED: Final[dict[str, tuple[int, int]]] = {"site": (0, 20), "name": (4, 30)}
"""Parameters that hold names: how far each may be cut, and from where on it always is. Cut in this order."""

_HOW_BY_RESULT: Final[dict[str, str]] = {
    "settled_by_phone": "settled_by_phone",
    "helped_on_site": "helped_on_site",
    "found": "found",
    "ambulance": "call_centre",
    "hospital": "call_centre",
    "died": "call_centre",
}

_GSM7: Final[frozenset[str]] = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM7_DOUBLE: Final[frozenset[str]] = frozenset("^{}\\[~]|€\f")


def alarm_params(alarm: Alarm, card: ResidentCard) -> dict[str, Any]:
    """Parameters of ``alarm``."""
    kind = alarm.kind if ("kind", alarm.kind, DEFAULT_LANGUAGE) in WORDS else "help"
    todo = "call_them" if alarm.state == "open" else "stay_reachable"
    return {**_who_and_when(alarm, card), "kind": kind, "todo": todo}


def all_clear_params(alarm: Alarm, card: ResidentCard) -> dict[str, Any]:
    """Parameters of ``all_clear`` and ``all_clear_cancelled``: with how it ended."""
    if alarm.state == "cancelled":
        by_wearer = any(e.event in ("cancel", "wearer_cancelled") and e.actor == "wearer" for e in alarm.timeline)
        how = "taken_back" if by_wearer else "no_emergency"
    else:
        arrived = any(entry.event == "arrive" for entry in alarm.timeline)
        how = _HOW_BY_RESULT.get(alarm.result or "", "helped_on_site" if arrived else "settled")
    return {**_who_and_when(alarm, card), "how": how}


def render(template: str, params: dict[str, Any], language: str) -> str:
    """The text of a message; names are cut until it fits one segment.

    Raises:
        KeyError: The template is not in the catalogue.
    """
    language = language if (template, language) in CATALOGUE else DEFAULT_LANGUAGE
    pattern = CATALOGUE[template, language]
    values = {field: _value(field, params, language) for _, field, _, _ in Formatter().parse(pattern) if field}
    text = pattern.format_map(values).rstrip()
    for field, (shortest, _) in _NAMED.items():
        while not fits_one_segment(text) and len(values.get(field, "")) > shortest:
            values[field] = _cut(values[field], len(values[field]) - 1)
            text = pattern.format_map(values).rstrip()
    return text


def fits_one_segment(text: str) -> bool:
    """Whether the text travels as a single SMS."""
    if all(character in _GSM7 or character in _GSM7_DOUBLE for character in text):
        return len(text) + sum(character in _GSM7_DOUBLE for character in text) <= GSM7_UNITS
    return len(text.encode("utf-16-le")) // 2 <= UCS2_UNITS


def local_time(t: int, timezone: str) -> str:
    """``HH:MM`` at ``t`` (ms) on the resident's own clock."""
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError):
        zone = ZoneInfo(DEFAULT_TIMEZONE)
    return datetime.fromtimestamp(t / 1000, zone).strftime("%H:%M")


def _who_and_when(alarm: Alarm, card: ResidentCard) -> dict[str, Any]:
    return {"name": card.name, "site": card.site_name, "time": local_time(alarm.event_time, card.timezone)}


def _value(field: str, params: dict[str, Any], language: str) -> str:
    raw = str(params.get(field, ""))
    if field in _CODED:
        return WORDS.get((field, raw, language)) or WORDS[field, _CODED[field], language]
    clean = " ".join(raw.split())
    return _cut(clean, _NAMED[field][1]) if field in _NAMED else clean


def _cut(name: str, length: int) -> str:
    """The beginning of a name, with a mark that something is missing where there is room for it."""
    if len(name) <= length:
        return name
    mark = "." if name.isascii() else "…"
    return name[: length - 1].rstrip(" .…") + mark if length > 1 else name[:length]
