"""What is registered with carriers is what is said: the guide and the catalogue never drift apart."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from alerts.messages import text_of
from alerts.phrases import PATTERNS, Template
from alerts.segment import fits_one_segment

GUIDE = (Path(__file__).parents[3] / "docs/sms.md").read_text()


@pytest.mark.parametrize("template", list(Template))
def test_every_template_stands_in_the_guide_as_it_is_said(template: Template) -> None:
    row = f"| `{template}` | {PATTERNS[template, 'zh']} | {PATTERNS[template, 'en']} |"
    assert row in GUIDE


def test_the_guide_names_no_template_that_does_not_exist() -> None:
    register = GUIDE.partition("## What to register")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", register, re.MULTILINE)) == set(Template)


def test_the_guides_examples_are_what_people_read() -> None:
    params = {"name": "王秀兰", "site": "北苑社区", "time": "09:15", "kind": "sos"}
    address = {"building": "3", "unit": "2", "room": "601"}
    for template, todo, place in (
        ("alarm", "call_them", {}),
        ("alarm_responder", "go", address),
        ("alarm_staff", "take", address),
    ):
        text = text_of(template, {**params, **place, "todo": todo}, "zh", code=37)
        assert text in GUIDE
        assert fits_one_segment(text)


@pytest.mark.parametrize(
    ("template", "todo", "units", "replies"),
    [("alarm", "call_them", 44, True), ("alarm_responder", "go", 26, True), ("alarm_responder", "go", 35, False)],
)
def test_a_link_as_long_as_the_guide_says_stays(template: str, todo: str, units: int, *, replies: bool) -> None:
    params = {"name": "王秀兰", "site": "北苑社区", "time": "09:15", "kind": "wandering", "todo": todo}
    if template != "alarm":
        params |= {"building": "3", "unit": "2", "room": "601"}
    for length, stays in ((units, True), (units + 1, False)):
        link = "https://a.example/".ljust(length, "x")
        text = text_of(template, params, "zh", code=37, link=link, replies=replies)
        assert (link in text) is stays, text
    assert str(units) in GUIDE
