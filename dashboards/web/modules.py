"""The scripts of a page: which modules it needs before it runs, so that the browser asks for all of them at once.

A browser finds out what a module imports when it has it: without being told, it asks level after level.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from dashboards.web.assets import HERE

_ENTRY: Final = "app.js"
_IMPORTED: Final = re.compile(r'\bfrom "\./([\w-]+\.js)"')
"""Not ``import("./…")``, which comes when it is needed."""


_LATER: Final = re.compile(r'([\w-]+)"?: later\(async \(\) => \(await import\("\./([\w-]+\.js)"\)\)')
"""A component of the entry whose module comes with the page that has it."""
_HAS: Final = re.compile(r'data-component="([\w-]+)"')


def modules_for(content: str) -> tuple[str, ...]:
    """What a page with this content imports: the entry's modules, and those of the components that are on it."""
    return _modules_of(frozenset(_HAS.findall(content)))


@cache
def _modules_of(components: frozenset[str]) -> tuple[str, ...]:
    """The nearest first; the entry itself, which the page names, left out."""
    found = [_ENTRY, *sorted({name for part, name in _LATER.findall(_text(_ENTRY)) if part in components})]
    for name in found:
        found += [each for each in dict.fromkeys(_IMPORTED.findall(_text(name))) if each not in found]
    return tuple(found[1:])


def _text(name: str) -> str:
    return (HERE / "static" / "js" / name).read_text("utf-8")
