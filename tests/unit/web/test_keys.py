"""What ``?`` tells about the keyboard is what the keyboard does."""

from __future__ import annotations

import re

from dashboards.web.assets import HERE

HELP = (HERE / "templates" / "base.html").read_text("utf-8").partition('<dl class="keys">')[2].partition("</dl>")[0]
SCRIPT = (HERE / "static" / "js" / "keyboard.js").read_text("utf-8").partition("const KEYS = {")[2].partition("};")[0]


def test_help_names_every_key_once_and_no_other() -> None:
    told = re.findall(r"<kbd>([^<]+)</kbd>", HELP)
    assert sorted(told) == sorted(set(told))
    assert set(told) == {key.strip('"') for key in re.findall(r'^  ("?[^\s":]+"?):', SCRIPT, re.MULTILINE)}
