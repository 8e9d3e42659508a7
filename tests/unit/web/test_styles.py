"""Style that costs every page something, for what one of them shows."""

from __future__ import annotations

import re

from dashboards.web.assets import HERE

STYLES = [path for path in (HERE / "static").glob("*.css") if path.name != "link.css"]
SIBLING = re.compile(r"([^\s>+~,{}(]+)\s+[+~]\s+[\w.#*\[:]")
"""What stands left of ``+`` or ``~``."""


def test_no_rule_for_siblings_begins_with_any_element() -> None:
    """Such a rule makes a browser look at all children of whatever gets or loses one, on every page."""
    found = {
        f"{path.name}: {left}"
        for path in STYLES
        for left in SIBLING.findall(
            re.sub(r"calc\([^;]*|/\*.*?\*/|clamp\([^;]*", "", path.read_text("utf-8"), flags=re.DOTALL)
        )
        if not re.search(r"[.#\[:]", left)
    }
    assert found == set()
