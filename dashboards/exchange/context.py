"""What the planning of every line shares: the registry, the site and time, and who has spoken for which record."""

from __future__ import annotations

from dataclasses import dataclass, field

from dashboards.exchange.book import Book
from dashboards.exchange.faults import Faulty
from dashboards.exchange.lines import Line


@dataclass(slots=True)
class Context:
    """``site``: of lines that name none. ``now``: ms. ``faulty_numbers``: residents' numbers → their faulty line."""

    book: Book
    site: str | None
    now: int
    faulty_numbers: dict[str, int] = field(default_factory=dict)
    _claims: dict[tuple[str, str], Line] = field(default_factory=dict)

    def site_of(self, line: Line) -> str | None:
        """The site that the line names, else that of the whole file; what is wrong is noted in the line."""
        told = line.text("site")
        try:
            return self.book.site(told) if told else self.site
        except Faulty as refusal:
            line.refuse("site", refusal)
            return None

    def claim(self, kind: str, key: str, line: Line) -> None:
        """Speak for a record, so that no two lines say different things of one. Raises ``Faulty``."""
        before = self._claims.setdefault((kind, key), line)
        if before is not line:
            raise Faulty("twice", line=before.number)

    def is_claimed(self, kind: str, key: str) -> bool:
        """Whether a line has spoken for the record."""
        return (kind, key) in self._claims


def settle_doubts(line: Line, before: dict[str, str], after: dict[str, str]) -> None:
    """A doubtful value is a fault, unless it is what is stored already."""
    for name in [name for name in line.doubts if name in after]:
        doubt = line.doubts.pop(name)
        if before.get(name, "") != after[name]:
            line.faults.append(doubt)
