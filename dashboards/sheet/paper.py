"""The emergency sheet as PDF: what calls for somebody first, then a card of everybody, door by door.

No card is broken over two pages; whatever goes over a page has its heading again. A card that says more than fits is
shortened, and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import groupby
from typing import Final, NamedTuple, TypeVar

from dashboards.sheet.fonts import Face
from dashboards.sheet.lines import shortened, wrapped
from dashboards.sheet.pen import HEIGHT, WIDTH, Pen
from dashboards.web.sheet_words import SheetWords
from gateway.store.check_list import Check
from gateway.store.registry_records import Responder
from gateway.store.sheet import Sheet, SheetAlarm, SheetCard

_LEFT: Final = 12.0
_RIGHT: Final = WIDTH - 12.0
_TOP: Final = 14.0
_BOTTOM: Final = HEIGHT - 15.0
_SIZE: Final = 9.0
_SMALL: Final = 7.5
_LARGE: Final = 11.5
_LEADING: Final = 4.3
"""From line to line of ``_SIZE``, mm."""
_GAP: Final = 2.5
"""Between columns, mm."""
_LINES_AT_MOST: Final = 28
"""Of a cell: half a page. What is longer belongs into the records."""

T = TypeVar("T")


class Drawn(NamedTuple):
    """The file, and how many characters no font had."""

    pdf: bytes
    unknown: int


class Cell(NamedTuple):
    """One line or more of a column; ``size`` in points."""

    text: str
    bold: bool = False
    size: float = _SIZE
    grey: bool = False


class Column(NamedTuple):
    """A column: its heading and width, mm."""

    heading: str
    width: float


Row = Sequence[Sequence[Cell]]
"""The cells of each column, one below the other."""


def draw(sheet: Sheet, words: SheetWords, faces: Sequence[Face], *, by: str) -> Drawn:
    """Draw a sheet that ``by`` asked for."""
    paper = _Paper(words, faces, sheet, by)
    paper.head()
    paper.table(words.t("sheet.alarms"), _ALARM_COLUMNS, sheet.alarms, paper.alarm_row, none=words.t("sheet.no_alarms"))
    paper.table(
        words.t("sheet.checks"),
        _CHECK_COLUMNS,
        sheet.checks,
        paper.check_row,
        none=words.t("sheet.no_checks"),
        box=True,
    )
    if sheet.responders:
        paper.table(words.t("sheet.responders"), _RESPONDER_COLUMNS, sheet.responders, paper.responder_row, none="")
    if sheet.first:
        paper.cards(words.t("sheet.first"), sheet.first)
    paper.cards(words.t("sheet.others" if sheet.first else "sheet.everybody"), sheet.others)
    return paper.done()


_ALARM_COLUMNS: Final = (
    ("sheet.what", 42.0), ("sheet.who", 28.0), ("sheet.where", 50.0), ("sheet.phone", 30.0), ("sheet.state", 36.0),
)  # fmt: skip
_CHECK_COLUMNS: Final = (
    ("sheet.who", 32.0), ("sheet.where", 50.0), ("sheet.phone", 32.0), ("sheet.due", 36.0), ("sheet.tried", 30.0),
)  # fmt: skip
_RESPONDER_COLUMNS: Final = (
    ("sheet.who", 46.0), ("sheet.kind", 38.0), ("sheet.near", 56.0), ("sheet.phone", 46.0),
)  # fmt: skip
_CARD_COLUMNS: Final = (
    ("sheet.door", 26.0),
    ("sheet.resident", 44.0),
    ("sheet.health", 52.0),
    ("sheet.contacts", 64.0),
)
_BOX: Final = 6.0
"""The width of the column of boxes."""


class _Paper:
    """Where the pen is, and what stands at the head and foot of its pages."""

    def __init__(self, words: SheetWords, faces: Sequence[Face], sheet: Sheet, by: str) -> None:
        self._words = words
        self._sheet = sheet
        self._by = by
        title = f"{words.t('sheet.title')} · {sheet.site.name}"
        self._pen = Pen(faces, title=title, author=by, language=words.language)
        self._y = _TOP
        self._headings: list[Callable[[], None]] = []

    def done(self) -> Drawn:
        self._foot()
        for page in range(1, (pages := self._pen.page) + 1):
            self._pen.back_to(page)
            number = self._words.t("sheet.page", n=page, of=pages)
            self._pen.write(_RIGHT - self._pen.width(number, _SMALL), HEIGHT - 8, number, _SMALL, grey=True)
        return Drawn(self._pen.done(), self._pen.unknown)

    def head(self) -> None:
        """The first page's head: where, when, by whom, how much, and whom to call."""
        words, sheet = self._words, self._sheet
        self._pen.turn()
        self._y = _TOP + 5
        end = self._pen.write(_LEFT, self._y, words.t("sheet.title"), 19, bold=True)
        self._pen.write(end + 4, self._y, sheet.site.name, 13)
        printed = words.printed(sheet.at, sheet.site.timezone, self._by)
        self._pen.write(_RIGHT - self._pen.width(printed, _SMALL), self._y, printed, _SMALL, grey=True)
        if sheet.audit is not None:
            head = words.t("sheet.audit", head=sheet.audit)
            above = self._y - _LEADING
            self._pen.write(_RIGHT - self._pen.width(head, _SMALL), above, head, _SMALL, grey=True)
        self._y += 3
        self._pen.rule(_LEFT, self._y, _RIGHT, thick=0.8, grey=0)
        for line in (words.figures(sheet), *words.duty(sheet), words.t("sheet.emergency_numbers")):
            for part in wrapped(line, _RIGHT - _LEFT, partial(self._pen.width, size=_SIZE)):
                self._y += _LEADING + 0.5
                self._pen.write(_LEFT, self._y, part, _SIZE)
        self._y += 3

    def table(
        self,
        title: str,
        columns: Sequence[tuple[str, float]],
        items: Sequence[T],
        row: Callable[[T], Row],
        *,
        none: str,
        box: bool = False,
    ) -> None:
        """A titled table; on each page that it reaches its heading stands again. Without items it says ``none``."""
        named = [Column(self._words.t(key), width) for key, width in columns]
        self._headings = [partial(self._section, title), partial(self._columns, named, box=box)]
        self._room(16 + _LEADING)
        if not items:
            self._section(title)
            self._y += _LEADING
            self._pen.write(_LEFT, self._y, none, _SIZE, grey=True)
            self._y += 2
        else:
            self._again()
            for item in items:
                self._row(named, row(item), box=box)
        self._headings = []
        self._y += 4

    def cards(self, title: str, cards: Sequence[SheetCard]) -> None:
        """Cards house by house."""
        named = [Column(self._words.t(key), width) for key, width in _CARD_COLUMNS]
        self._headings = []
        self._room(30)
        self._section(title)
        if not cards:
            self._y += _LEADING
            self._pen.write(_LEFT, self._y, self._words.t("sheet.nobody"), _SIZE, grey=True)
        for house, people in groupby(cards, key=lambda card: self._words.house(card.address)):
            there = list(people)
            self._headings = []
            rows = [self.card_row(card) for card in there]
            self._room(14 + self._height(named, rows[0]))
            self._headings = [partial(self._house, house, len(there)), partial(self._columns, named)]
            self._again()
            for row in rows:
                self._row(named, row)
            self._y += 3

    def alarm_row(self, alarm: SheetAlarm) -> Row:
        words = self._words
        what = [Cell(words.t(f"rule.{alarm.rule}"), bold=True), Cell(words.severity(alarm))]
        state = [Cell(words.since(alarm.since, self._sheet.at, self._sheet.site.timezone)), Cell(words.state(alarm))]
        place = words.place(alarm.address)
        who = [Cell(words.whom(alarm, self._sheet.site.name), bold=True)]
        return [what, who, [Cell(place)], [Cell(alarm.phone or "", bold=True)], state]

    def check_row(self, check: Check) -> Row:
        words = self._words
        place = words.place(words.address_of(check))
        tried = [Cell(line, size=_SMALL) for line in words.tried(check)]
        return [
            [Cell(check.name, bold=True)],
            [Cell(place)],
            [Cell(check.phone or words.t("check.no_phone"), bold=check.phone is not None)],
            [Cell(words.span(check)), Cell(words.t(f"check.state.{check.state}"), bold=check.state == "overdue")],
            tried,
        ]

    def responder_row(self, responder: Responder) -> Row:
        words = self._words
        near = words.place({"building": responder.building, "unit": responder.unit})
        return [
            [Cell(responder.name, bold=True)],
            [Cell(words.t(f"responder.kind.{responder.kind}"))],
            [Cell(near or words.t("responder.everywhere"))],
            [Cell(responder.phone, bold=True)],
        ]

    def card_row(self, card: SheetCard) -> Row:
        words = self._words
        room, way = words.door(card.address)
        door = [Cell(room or "–", bold=True, size=_LARGE), Cell(way)]
        person = [Cell(card.name, bold=True, size=_LARGE)]
        person += [Cell(line) for line in words.person(card)]
        person += [Cell(card.phone, bold=True)] if card.phone else [Cell(words.t("check.no_phone"), grey=True)]
        health = [Cell(line) for line in words.health(card)]
        contacts = [Cell(line, bold=key) for line, key in words.contacts(card)]
        return [door, person, health, contacts]

    def _row(self, columns: Sequence[Column], row: Row, *, box: bool = False) -> None:
        height = self._height(columns, row)
        self._room(height)
        top, x = self._y, _LEFT
        if box:
            self._pen.box(x, top + 1.6, 3.4)
            x += _BOX
        for column, cells in zip(columns, row, strict=True):
            y = top + 1
            for cell, lines in self._set(column, cells):
                for line in lines:
                    y += self._leading(cell)
                    self._pen.write(x, y, line, cell.size, bold=cell.bold, grey=cell.grey)
            x += column.width
        self._y = top + height
        self._pen.rule(_LEFT, self._y, _RIGHT)

    def _height(self, columns: Sequence[Column], row: Row) -> float:
        tall = [
            sum(self._leading(cell) * len(lines) for cell, lines in self._set(column, cells))
            for column, cells in zip(columns, row, strict=True)
        ]
        return max(*tall, _LEADING) + 2.8

    def _set(self, column: Column, cells: Sequence[Cell]) -> list[tuple[Cell, list[str]]]:
        room, found = _LINES_AT_MOST, []
        for cell in cells:
            lines = wrapped(cell.text, column.width - _GAP, partial(self._pen.width, size=cell.size))
            if room <= 0:
                break
            found.append((cell, shortened(lines, room)))
            room -= len(lines)
        return found

    @staticmethod
    def _leading(cell: Cell) -> float:
        return _LEADING * cell.size / _SIZE

    def _section(self, title: str) -> None:
        self._y += 6
        self._pen.write(_LEFT, self._y, title, 12.5, bold=True)
        self._y += 2

    def _house(self, house: str, people: int) -> None:
        self._y += 6
        end = self._pen.write(_LEFT, self._y, house or self._words.t("check.no_building"), _LARGE, bold=True)
        self._pen.write(end + 3, self._y, self._words.t("sheet.people", n=people), _SMALL, grey=True)
        self._y += 1

    def _columns(self, columns: Sequence[Column], *, box: bool = False) -> None:
        self._y += 4
        x = _LEFT + (_BOX if box else 0)
        for column in columns:
            self._pen.write(x, self._y, column.heading, _SMALL, grey=True)
            x += column.width
        self._y += 1.4
        self._pen.rule(_LEFT, self._y, _RIGHT, thick=0.5, grey=0)

    def _room(self, height: float) -> None:
        """Begin a page where what comes does not fit on this one."""
        if self._y + height <= _BOTTOM:
            return
        self._foot()
        self._pen.turn()
        self._y = _TOP - 6
        self._again()

    def _again(self) -> None:
        for heading in self._headings:
            heading()

    def _foot(self) -> None:
        words, y = self._words, HEIGHT - 8
        self._pen.rule(_LEFT, y - 4, _RIGHT)
        told = f"{words.t('sheet.title')} · {self._sheet.site.name} · "
        told += words.printed(self._sheet.at, self._sheet.site.timezone, self._by)
        self._pen.write(_LEFT, y, told, _SMALL, grey=True)
