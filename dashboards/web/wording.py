"""The one catalogue of texts, and how numbers and times are put into words."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from alerts.checks import WEEKDAYS, Weekday
from devices.clock import DAY_MS, DEFAULT_TIMEZONE, zone
from devices.refusals import Refusal, Value
from devices.registry import ZoneHours

LANGUAGES: Final = ("zh", "en")

_UNITS: Final = {
    "_m": "m", "_s": "s", "_ms": "ms", "_pct": "%", "_g": "g", "_mg": "mg", "_bpm": "bpm", "_mmhg": "mmHg",
    "_deg": "°", "_deg_per_m": "°/m", "_dbm": "dBm", "_mps": "m/s", "_c": "°C",
}  # fmt: skip
"""Which unit a field's name ends in; the longest ending counts."""


_ASKED: Final = ("answer", "asked.why")
_TOLD: Final = ("escalation.outcome", "message.reason")
_NOTE_WORDS: Final = {
    "answered": _ASKED, "not_asked": _ASKED, "follow_failed": ("follow.why",),
    "nobody_to_tell": _TOLD, "not_delivered": _TOLD, "again": _TOLD,
}  # fmt: skip
"""Where the code that is a timeline entry's note is put into words; of all others it is a severity."""


REFUSAL_FAMILIES: Final = {
    "import": "import.problem", "parameter": "rules.wrong", "password": "account.weak", "polygon": "zone.polygon",
}  # fmt: skip
"""Where the words of a code stand whose page says the same by itself; all others are in ``refusal.``."""
REFUSAL_VALUES: Final = {
    "what": "refusal.what", "deed": "refusal.deed", "role": "role", "state": "state", "status": "status",
    "who": "escalation.word", "lower": "parameter", "upper": "parameter", "check_state": "check.state",
}  # fmt: skip
"""Where the word for a value stands that is a code itself."""


_GROUPED_FROM: Final = 10_000
"""A number of four digits may be a year, and is written as one."""
_KEY: Final = re.compile(r"""["'`]([a-z][\w.\-]*)["'`]""")
_FAMILY: Final = re.compile(r"`([a-z][\w.\-]*\.)\$\{")
_HANDED: Final = re.compile(r"""\sdata-[a-z-]+="([a-z][\w.\-]*)\"""")


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """Language → key → text, as the file has it."""
    text = files("dashboards.web").joinpath("catalogue.json").read_text("utf-8")
    loaded: dict[str, dict[str, str]] = json.loads(text)
    return loaded


@cache
def catalogue_json(language: str) -> bytes:
    """One language's texts for the browser: those that a script names, or a page hands to one."""
    named, families = _said_by_scripts()
    said = {key: text for key, text in catalogue()[language].items() if key in named or key.startswith(families)}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


@cache
def _said_by_scripts() -> tuple[frozenset[str], tuple[str, ...]]:
    """Keys in full (``"act.note"``), and the beginnings of those whose end is known there alone (``state.${…}``)."""
    scripts = _texts_of("static/js", "*.js")
    named = _KEY.findall(scripts) + _HANDED.findall(_texts_of("templates", "*.html"))
    return frozenset(named), tuple(sorted({*_FAMILY.findall(scripts)}))


def _texts_of(folder: str, pattern: str) -> str:
    place = Path(str(files("dashboards.web"))) / folder
    return "\n".join(path.read_text("utf-8") for path in sorted(place.rglob(pattern)))


@cache
def catalogue_version() -> str:
    """Changes whenever a text changes: browsers may keep a version for good."""
    return hashlib.sha256(b"".join(catalogue_json(language) for language in LANGUAGES)).hexdigest()[:12]


@cache
def _evidence_places(language: str) -> dict[str, int]:
    names = [key.removeprefix("evidence.") for key in catalogue()[language] if key.startswith("evidence.")]
    return {name: place for place, name in enumerate(names)}


def refusal_key(code: str) -> str:
    """Under which key the words of a refusal stand."""
    family, _, rest = code.partition(".")
    return f"{REFUSAL_FAMILIES[family]}.{rest}" if family in REFUSAL_FAMILIES else f"refusal.{code}"


class Wording:
    """Texts in one language."""

    def __init__(self, language: str) -> None:
        self.language = language if language in LANGUAGES else LANGUAGES[0]
        self._texts = catalogue()[self.language]

    def t(self, key: str, **parameters: object) -> str:
        """The text of ``key`` with its ``{parameters}``; an unknown key reads as itself."""
        text = self._texts.get(key, key)
        return text.format_map(parameters) if parameters else text

    def known(self, key: str, otherwise: str) -> str:
        """The text of ``key``, or ``otherwise`` where the catalogue has none."""
        return self._texts.get(key, otherwise)

    def refusal(self, refusal: Refusal) -> str | None:
        """What is refused and why, for whoever asked; None where the catalogue has no words for it."""
        text = self._texts.get(refusal_key(refusal.code))
        if text is None:
            return None
        timezone = str(refusal.params.get("timezone", DEFAULT_TIMEZONE))
        return text.format_map({name: self._value(name, value, timezone) for name, value in refusal.params.items()})

    def _value(self, name: str, value: Value, timezone: str) -> str:
        if isinstance(value, str):
            family, word = REFUSAL_VALUES.get(name, ""), value.replace(" ", "_")
            return self.known(f"{family}.{word}", self.known(f"{family}.{word.rpartition('.')[2]}", value))
        if name.endswith("_ms"):
            return self.local(int(value), timezone).replace("T", " ")
        return f"{value:,.12g}" if abs(value) >= _GROUPED_FROM else f"{value:.12g}"

    def clock(self, t: int, timezone: str, now: int) -> str:
        """``14:03:21`` for the last 20 hours, else with the date; ``t`` and ``now`` in ms."""
        local = datetime.fromtimestamp(t / 1000, zone(timezone))
        if abs(now - t) < 20 * DAY_MS // 24:
            return local.strftime("%H:%M:%S")
        return local.strftime("%Y-%m-%d %H:%M")

    def hour(self, t: int, timezone: str) -> str:
        """``14:03``; ``t`` in ms."""
        return datetime.fromtimestamp(t / 1000, zone(timezone)).strftime("%H:%M")

    def local(self, t: int | None, timezone: str) -> str:
        """A time (ms) as a field for date and time takes it, in the zone's own hours; empty for None."""
        return "" if t is None else datetime.fromtimestamp(t / 1000, zone(timezone)).strftime("%Y-%m-%dT%H:%M")

    def evidence(self, evidence: Mapping[str, Any]) -> list[tuple[str, str]]:
        """(label, value with unit) of the numbers that made a rule fire; what is absent is left out."""
        return [
            (self.known(f"evidence.{name}", name), self._measure(_measured_as(name, evidence), value))
            for name, value in sorted(evidence.items(), key=lambda each: self._place_of(each[0]))
            if value is not None and value != [] and not ("pattern" in evidence and name in _OF_A_PATTERN)
        ]

    def _place_of(self, name: str) -> int:
        """Where a number stands among the others: as the catalogue has them, what it does not know last."""
        places = _evidence_places(self.language)
        return places.get(name, len(places))

    def _measure(self, name: str, value: Any) -> str:
        if isinstance(value, bool):
            return self.t("yes" if value else "no")
        if name == "other_rules":
            return self.t("list.comma").join(self.t(f"rule.{rule}") for rule in value)
        if not isinstance(value, int | float):
            return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        if (coded := self._coded(name, value)) is not None:
            return coded
        if name.endswith(("local_hour", "_from_h", "_to_h")):
            return "{:02d}:{:02d}".format(*divmod(round(value * 60), 60))
        if name in ("confidence", "probability", "threshold", "regular"):
            return f"{value * 100:.0f} %"
        if name.endswith("_s") or name.startswith("seconds_"):
            return self.duration(float(value))
        unit = unit_of(name)
        number = f"{value:,.0f}" if abs(value) >= 100 or float(value).is_integer() else f"{value:,.1f}"
        return f"{number} {unit}".strip()

    def _coded(self, name: str, value: float) -> str | None:
        """What a number that counts nothing stands for."""
        if name in ("charging", "worn", "at_home", "never_reported"):
            return self.t("yes" if value else "no")
        return self._texts.get(f"evidence.{name}.{value:.0f}") if name in ("pattern", "reason") else None

    def duration(self, seconds: float) -> str:
        """``45 s``, ``12 min``, ``3 h 20 min``."""
        whole = round(seconds)
        if whole < 120:
            return self.t("duration.s", n=whole)
        minutes = whole // 60
        if minutes < 120:
            return self.t("duration.min", n=minutes)
        return self.t("duration.h_min", h=minutes // 60, n=minutes % 60)

    def metres(self, metres: float) -> str:
        """``85 m``, ``1.6 km``: as somebody says it who points there."""
        if metres >= 1000:
            return self.t("link.km", n=f"{metres / 1000:.1f}".removesuffix(".0"))
        return self.t("link.m", n=10 * round(metres / 10) if metres > 100 else max(round(metres), 1))

    def minutes(self, seconds: float) -> str:
        """``under 1 min``, ``12 min``, ``3 h 20 min``: of what is shown anew once a minute."""
        minutes = int(max(seconds, 0)) // 60
        if minutes == 0:
            return self.t("duration.under_min")
        return self.t("duration.min", n=minutes) if minutes < 120 else self.duration(minutes * 60)

    def entry_note(self, event: str, note: str, timezone: str) -> str:
        """The note of a timeline entry, its codes put into words."""
        if event == "accompanied" and note.isdecimal():
            return self.t("accompanied.until", at=self.local(int(note), timezone).replace("T", " "))
        if event == "told":
            return " · ".join(self.known(f"escalation.word.{word}", word) for word in note.split())
        if event == "step_skipped":
            step, _, reason = note.partition(": ")
            words = [self.known(f"escalation.word.{word}", word) for word in step.split()]
            return f"{' · '.join(words)}: {self.known(f'escalation.outcome.{reason}', reason)}"
        if event in ("asked", "lies_still", "walks", "followed", "follow_ended"):
            return self.duration(float(note))
        if event == "heart_rate":
            return self._measure("heart_rate_bpm", float(note))
        families = _NOTE_WORDS.get(event, ("severity",))
        return next((self._texts[key] for key in (f"{each}.{note}" for each in families) if key in self._texts), note)

    def days(self, days: Sequence[Weekday]) -> str:
        """``every day``, ``Monday to Friday``, or each of them."""
        if set(days) == set(WEEKDAYS):
            return self.t("plan.every_day")
        if set(days) == set(WEEKDAYS[:5]):
            return self.t("plan.workdays")
        return self.t("list.comma").join(self.t(f"plan.day.{day}") for day in days)

    def window(self, opens: str, closes: str, days: Sequence[Weekday], by: str) -> str:
        """When a check is promised, and what keeps it: ``08:00 – 09:30 · every day · a press``."""
        return f"{opens} – {closes} · {self.days(days)} · {self.t(f'plan.by.{by}')}"

    def zone_hours(self, hours: ZoneHours) -> str:
        """When a zone counts: ``08:00 – 18:00 · Monday to Friday``."""
        return f"{hours.opens} – {hours.closes} · {self.days([WEEKDAYS[day] for day in hours.days])}"

    def place(self, address: Mapping[str, Any] | None) -> str:
        """An address in the order of its language: the large before the small in Chinese, else the reverse."""
        if not address:
            return ""
        parts = []
        for field in ("community", "building", "unit", "floor", "room"):
            value = str(address.get(field) or "").strip()
            if value:
                bare = value.isascii() and any(character.isdigit() for character in value)
                parts.append(self.t(f"address.{field}", n=value) if bare else value)
        return " ".join(parts) if self.language == "zh" else ", ".join(reversed(parts))


_OF_A_PATTERN: Final = frozenset({"theta_deg_per_m", "threshold_deg_per_m", "score", "threshold", "lat_deg", "lon_deg"})
"""What a way is judged by, which says nothing to people; ``web.why`` has it in words, and the API the numbers."""


def _measured_as(name: str, evidence: Mapping[str, Any]) -> str:
    """A threshold is counted as what it is a threshold of: a probability, or a score."""
    return "score" if name == "threshold" and "score" in evidence else name


def unit_of(name: str) -> str:
    """The unit in which a field is counted, by its name; empty if it has none."""
    endings = [ending for ending in _UNITS if name.endswith(ending)]
    return _UNITS[max(endings, key=len)] if endings else ""
