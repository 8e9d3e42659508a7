"""A file against the registry: the fate of each line, and what is to be written for the good ones."""

from __future__ import annotations

from collections.abc import Callable

from dashboards.exchange.book import Draft
from dashboards.exchange.columns import KINDS, Kind
from dashboards.exchange.context import Context
from dashboards.exchange.fates import LineFate
from dashboards.exchange.faults import Faulty
from dashboards.exchange.lines import Line
from dashboards.exchange.own_tables import OwnTables
from dashboards.exchange.resident_lines import ResidentLines
from dashboards.exchange.tables import shown


def plan_lines(lines: list[Line], of: Context) -> list[LineFate]:
    """The fates, in the order of the lines; what the good ones write is in ``of.book.bulk`` afterwards.

    Residents come first, then what refers to them, whatever the order in the file.
    """
    own = OwnTables(of)
    plans: dict[Kind, Callable[[Line, int, Draft, LineFate], None]] = {
        "residents": ResidentLines(of, [line for line in lines if line.kind == "residents"]).plan,
        "devices": own.device,
        "contacts": own.contact,
        "fences": own.fence,
    }
    fates: dict[int, LineFate] = {}
    for kind in KINDS:
        for place, line in enumerate(lines):
            if line.kind == kind:
                fates[place] = _fate(line, place, of, plans[kind])
    return [fates[place] for place in range(len(lines))]


def _fate(line: Line, place: int, of: Context, plan: Callable[[Line, int, Draft, LineFate], None]) -> LineFate:
    fate = LineFate(line=line.number, sheet=line.sheet, kind=line.kind, fate="unchanged", key="")
    draft = Draft()
    try:
        plan(line, place, draft, fate)
    except Faulty as refusal:
        line.refuse("", refusal)
    if line.faults:
        fate.fate, fate.problems, fate.changes = "faulty", line.faults, []
        fate.cells = [shown(cell) for cell in line.cells]
        if line.kind == "residents" and (number := line.text("external_id")):
            of.faulty_numbers.setdefault(number, line.number)
        return fate
    of.book.take(draft)
    if fate.fate == "create":
        # All of it is new: the line says so itself.
        fate.changes = []
    return fate
