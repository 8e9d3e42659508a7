"""One message being put into words: its fields filled in, and made shorter until it fits."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from string import Formatter
from typing import Any, Final

from alerts.phrases import ADDRESS, KEYS, LENGTHS, PATTERNS, SIGNATURE, STAND_IN, WORDS, Template
from alerts.segment import is_gsm7, width
from devices.names import spellings

LONGEST_NAME: Final = 30
LONGEST_SITE: Final = 20
LONGEST_PART: Final = 8
"""From where on a name, the centre's name and a part of an address are always cut, in UTF-16 units; spelled in
Latin letters, the last two may be twice as long."""
SHORTEST_NAME: Final = 4
"""A Chinese name has two to four characters; of a longer one the beginning is known."""
_NAME_IN_A_LIST: Final = 8

_BEFORE_THE_NAME: Final[frozenset[str]] = frozenset({Template.ALARM_RESPONDER})
"""Templates in which the place stands there, and is no sentence of its own."""


class Draft:
    """A template with its parameters in one language; ``latin``: names spelled in the alphabet of which 160 fit."""

    def __init__(
        self, template: str, params: Mapping[str, Any], language: str, signature: str | None, *, latin: bool = False
    ) -> None:
        self._template = template
        self._params = params
        self._language = language
        self._latin = latin
        self._pattern = PATTERNS[template, language]
        self._signature = self._signed(signature or SIGNATURE[language])
        self._todo = (
            LENGTHS.get(("todo", str(params.get("todo")), language)) or LENGTHS["todo", STAND_IN["todo"], language]
        )
        self._name = _cut(self._clean("name"), LONGEST_NAME) or self._nameless()
        self._place = self._address()
        self._site = self._short(self._clean("site"), LONGEST_SITE)
        self._items = [(item[0], self._spelled(str(item[1]))) for item in params.get("alarms", ())]

    def text(
        self,
        *,
        hint: str = "",
        link: str | None = None,
        site: bool = True,
        todo: int = 0,
        name: str | None = None,
        place: str | None = None,
        items: int | None = None,
    ) -> str:
        """The text; everything in full unless told otherwise."""
        values = {
            "name": self._name if name is None else name,
            "site": self._site if site else "",
            "todo": self._todo[min(todo, len(self._todo) - 1)],
            "hint": hint,
            "link": f"{link} " if link else "",
            "place": self._placed(self._place if place is None else place),
            "building": self._in_building(),
            "alarms": self._list(len(self._items) if items is None else items),
            "example": f"1 {self._items[0][0]}" if self._items else "1",
        }
        for _, field, _, _ in Formatter().parse(self._pattern):
            if field and field not in values:
                values[field] = self._word(field)
        return self._signature + self._pattern.format_map(values).rstrip()

    def values(self) -> dict[str, str]:
        """What the pattern's fields hold, in full; empty ones are left out."""
        said = {
            "name": self._name,
            "site": self._site,
            "todo": self._todo[0],
            "place": self._place,
            "building": self._place,
            "alarms": self._list(len(self._items)),
            "hint": "",
            "link": "",
            "example": "",
        }
        fields = [field for _, field, _, _ in Formatter().parse(self._pattern) if field]
        values = {field: said[field] if field in said else self._word(field) for field in fields}
        return {field: value for field, value in values.items() if value}

    def spoken(self, *, keypad: bool) -> str:
        """What a call says: no link and no code; ``keypad``: and what the keys mean."""
        who = self._signature.strip("【】[]:： ")
        text = self.text(site=False).removeprefix(self._signature)
        keys = KEYS.get((self._template, self._language), "") if keypad else ""
        if self._language == "zh":
            return f"这里是{who}，{self._site}。{text}{keys}" if self._site else f"这里是{who}。{text}{keys}"
        return f"This is {who}. {text} {keys}".rstrip()

    def shorter_and_shorter(self, hints: Sequence[str], link: str | None) -> Iterator[str]:
        """The same with less and less of what can be missed; ``hints``: how to answer, the longest first."""
        long, short = (hints[0], hints[-1]) if hints else ("", "")
        yield self.text(hint=long, link=link)
        yield self.text(hint=long, link=link, site=False)
        yield self.text(hint=short, link=link, site=False)
        for todo in range(1, len(self._todo)):
            yield self.text(hint=short, link=link, site=False, todo=todo)
        for items in range(len(self._items) - 1, 0, -1):
            yield self.text(hint=short, link=link, site=False, items=items)
        for length in range(width(self._name) - 1, SHORTEST_NAME - 1, -1):
            yield self.text(hint=short, link=link, site=False, todo=9, name=_cut(self._name, length), items=1)

    def down_to_nothing(self) -> Iterator[str]:
        """Without link and answer, and in the end without place and name, however strange those are."""
        yield from self.shorter_and_shorter((), None)
        name = _cut(self._name, SHORTEST_NAME)
        for length in range(width(self._place), -1, -1):
            yield self.text(site=False, todo=9, name=name, place=_cut(self._place, length), items=1)
        yield self.text(site=False, todo=9, name="", place="", items=0)

    def _short(self, text: str, units: int) -> str:
        return _cut(text, 2 * units if self._latin else units)

    def _signed(self, signature: str) -> str:
        spelled = self._spelled(signature)
        if spelled == signature:
            return signature
        return f"{spelled}: " if spelled else SIGNATURE[self._language]

    def _spelled(self, text: str) -> str:
        if not self._latin or is_gsm7(text):
            return text
        return " ".join(word.capitalize() for word in next(iter(spellings(text)), "").split())

    def _clean(self, field: str) -> str:
        """What somebody once typed, on one line."""
        typed = str(self._params.get(field) or "")
        visible = "".join(" " if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp", "Cs") else c for c in typed)
        return self._spelled(" ".join(visible.split()))

    def _word(self, field: str) -> str:
        raw = str(self._params.get(field, ""))
        if field not in STAND_IN:
            return self._short(self._clean(field), LONGEST_PART)
        return WORDS.get((field, raw, self._language)) or WORDS[field, STAND_IN[field], self._language]

    def _nameless(self) -> str:
        """Whom it is about when no name may be said: the building, unless it is said anyway, or a word."""
        return ("" if "{place}" in self._pattern else self._address()) or self._word("who")

    def _address(self) -> str:
        parts = {field: self._short(self._clean(field), LONGEST_PART) for field, _ in ADDRESS[self._language]}
        if parts["room"]:
            parts["floor"] = ""
        said = [
            form.format(n=value) if value.isascii() and any(c.isdigit() for c in value) else value
            for field, form in ADDRESS[self._language]
            if (value := parts[field])
        ]
        return "".join(said) if self._language == "zh" else ", ".join(said)

    def _placed(self, place: str) -> str:
        if not place:
            return ""
        if self._template in _BEFORE_THE_NAME:
            return place if self._language == "zh" else f"{place}: "
        return f"{place}。" if self._language == "zh" else f"{place}. "

    def _in_building(self) -> str:
        if not self._place:
            return ""
        return self._place if self._language == "zh" else f" in {self._place}"

    def _list(self, count: int) -> str:
        between, more = ("、", "等") if self._language == "zh" else (", ", " ...")
        shown = [f"{code} {self._short(name, _NAME_IN_A_LIST)}".strip() for code, name in self._items[:count]]
        return between.join(shown) + (more if len(self._items) > count else "")


def _cut(name: str, units: int) -> str:
    """The beginning of a name in so many UTF-16 units, with a mark that something is missing where there is room."""
    if width(name) <= units:
        return name
    mark = "." if name.isascii() else "…"
    room = units - 1 if units > 1 else units
    kept = ""
    for character in name:
        if width(kept + character) > room:
            break
        kept += character
    return kept.rstrip(" .…") + mark if units > 1 else kept
