"""Every refusal that the code may raise, read out of the code itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[2]
PACKAGES: Final = ("devices", "alerts", "gateway", "dashboards")
HOME: Final = ROOT / "devices" / "refusals.py"


class Raised(NamedTuple):
    """A refusal where it is made. ``code`` ends in ``*`` where only its beginning stands there."""

    where: str
    code: str
    detail: str | None
    values: frozenset[str]
    spread: bool

    @property
    def named(self) -> set[str]:
        """The values that its English sentence names."""
        return placeholders(self.detail or "")


def placeholders(text: str) -> set[str]:
    """The names in braces."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def raised() -> list[Raised]:
    """All of them, by file and line."""
    return [each for path in _files() for each in _of_file(path)]


def _files() -> Iterator[Path]:
    for package in PACKAGES:
        yield from (path for path in sorted((ROOT / package).rglob("*.py")) if path != HOME)


def _of_file(path: Path) -> Iterator[Raised]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call) or not _makes_refusal(node.func):
            continue
        where = f"{path.relative_to(ROOT)}:{node.lineno}"
        values = frozenset(each.arg for each in node.keywords if each.arg is not None) - {"field"}
        spread = any(each.arg is None for each in node.keywords)
        detail = node.args[1] if len(node.args) > 1 else None
        said = detail.value if isinstance(detail, ast.Constant) and isinstance(detail.value, str) else None
        for code in _codes(node.args[0]):
            yield Raised(where, code, said, values, spread)


def _makes_refusal(function: ast.expr) -> bool:
    match function:
        case ast.Name(id="Refusal") | ast.Attribute(value=ast.Name(id="Refusal"), attr="told"):
            return True
    return False


def _codes(code: ast.expr) -> Iterator[str]:
    match code:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=[ast.Constant(value=str(beginning)), *_]):
            yield f"{beginning}*"
        case _:
            yield f"*{ast.unparse(code)}"
