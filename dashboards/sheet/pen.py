"""A pen on A4: text in the fonts of the system, lines and boxes, black on white. Lengths in mm, sizes in points."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import groupby
from typing import Final
from unicodedata import category

from fpdf import FPDF
from fpdf.enums import TextMode

from dashboards.sheet.fonts import Face

WIDTH: Final = 210.0
HEIGHT: Final = 297.0
UNKNOWN: Final = "〓"
"""Stands for a character that no font has, as printers have it."""
_UNKNOWN_IN_LATIN: Final = "?"
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs"})
"""Kinds of characters that have no picture."""
_PT: Final = 25.4 / 72
_BOLD_OF_SIZE: Final = 0.02
"""How thick, in sizes, the outline is that makes a letter bold: a bold face would double the file."""


class Pen:
    """Writes on pages; ``face`` 0 is used wherever it has the character."""

    def __init__(self, faces: Sequence[Face], *, title: str, author: str, language: str) -> None:
        self._faces = faces
        self._pdf = FPDF(unit="mm", format="A4")
        self._pdf.set_auto_page_break(auto=False)
        self._pdf.set_margin(0)
        self._pdf.set_title(title)
        self._pdf.set_author(author)
        self._pdf.set_lang("zh-CN" if language == "zh" else "en")
        self._added: set[int] = set()
        # Unlike the text's colour, so that the library puts each text's state back after it.
        self._pdf.set_fill_color(255)
        self._pdf.set_text_color(0)
        self.unknown = 0

    @property
    def page(self) -> int:
        """The number of the page, from 1 on."""
        return self._pdf.page

    def turn(self) -> None:
        """Begin a page."""
        self._pdf.add_page()

    def width(self, text: str, size: float) -> float:
        """How wide a text becomes, mm."""
        return sum(map(self._advance, text)) * size * _PT

    def write(self, x: float, y: float, text: str, size: float, *, bold: bool = False, grey: bool = False) -> float:
        """Put one line with its baseline at ``y``; returns where it ends."""
        self._pdf.set_text_color(80 if grey else 0)
        self._pdf.text_mode = TextMode.FILL_STROKE if bold else TextMode.FILL
        if bold:
            self._pdf.set_line_width(size * _BOLD_OF_SIZE)
            self._pdf.set_draw_color(0)
        for face, run in self._runs(text):
            self._take(face, size)
            self._pdf.text(x, y, run)
            x += self.width(run, size)
        return x

    def rule(self, x: float, y: float, to_x: float, *, thick: float = 0.2, grey: int = 150) -> None:
        """A line from left to right."""
        self._pdf.set_draw_color(grey)
        self._pdf.set_line_width(thick)
        self._pdf.line(x, y, to_x, y)

    def box(self, x: float, y: float, side: float) -> None:
        """A square to tick."""
        self._pdf.set_draw_color(0)
        self._pdf.set_line_width(0.3)
        self._pdf.rect(x, y, side, side)

    def back_to(self, page: int) -> None:
        """Write on a page that was turned already."""
        self._pdf.page = page
        self._pdf.current_font_is_set_on_page = False

    def done(self) -> bytes:
        """The file."""
        return bytes(self._pdf.output())

    def _take(self, face: int, size: float) -> None:
        """Write with a face from now on; one that no text needs is neither read nor put into the file."""
        if face not in self._added:
            self._added.add(face)
            path, number, _ = self._faces[face]
            self._pdf.add_font(f"face{face}", fname=path, collection_font_number=number)
        self._pdf.set_font(f"face{face}", size=size)

    def _runs(self, text: str) -> Iterator[tuple[int, str]]:
        known = ((self._face_of(character), character) for character in text if category(character) not in _UNSEEN)
        for face, run in groupby(known, key=lambda each: each[0]):
            if face is not None:
                yield face, "".join(character for _, character in run)
                continue
            missing = len(list(run))
            self.unknown += missing
            yield 0, (UNKNOWN if self._face_of(UNKNOWN) == 0 else _UNKNOWN_IN_LATIN) * missing

    @cache  # noqa: B019 - a pen lives as long as its process
    def _face_of(self, character: str) -> int | None:
        return next((n for n, face in enumerate(self._faces) if ord(character) in face.characters), None)

    @cache  # noqa: B019
    def _advance(self, character: str) -> float:
        """Of a character at size 1, in its own unit."""
        self._take(self._face_of(character) or 0, 100)
        return self._pdf.get_string_width(character) / 100 / _PT
