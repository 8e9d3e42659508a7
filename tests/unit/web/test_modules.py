"""What a page is told to fetch at once is what it needs, and nothing else."""

from __future__ import annotations

import re

from dashboards.web.assets import HERE
from dashboards.web.modules import _LATER as LATER
from dashboards.web.modules import modules_for

SCRIPTS = {path.name: path.read_text("utf-8") for path in (HERE / "static" / "js").glob("*.js")}
ENTRY = SCRIPTS["app.js"].partition("const components = {")[2].partition("\n};")[0]
HAS = re.compile(r'data-component="([\w-]+)"')


def test_a_page_names_each_module_that_its_modules_import() -> None:
    later = [component for component, _ in LATER.findall(SCRIPTS["app.js"])]
    assert len(later) > 20
    for component in ("now", *later):
        named = {"app.js", *modules_for(f'<p data-component="{component}">')}
        imported = {name for each in named for name in re.findall(r'from "\./([\w-]+\.js)"', SCRIPTS[each])}
        assert imported <= named


def test_the_first_page_leaves_out_what_other_pages_need() -> None:
    first = modules_for('<p data-component="now">')
    assert {"livelist.js", "stream.js", "sound.js"} <= set(first)
    assert not {"people_map.js", "alarm.js", "chart.js", "checks.js"} & set(first)
    assert "alarm.js" in modules_for('<p data-component="alarm">')


def test_every_component_of_a_page_is_known_to_the_entry() -> None:
    pages = "".join(path.read_text("utf-8") for path in (HERE / "templates").glob("*.html"))
    known = set(re.findall(r'"?([\w-]+)"?: later', ENTRY)) | set(re.findall(r"\w+", ENTRY.partition("\n  alarm:")[0]))
    assert set(HAS.findall(pages)) - known == set()
