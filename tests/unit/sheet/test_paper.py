"""The sheet on paper, read back as a viewer reads it."""

from __future__ import annotations

import re

import pytest

from dashboards.sheet.apart import Answer, Question, draw_here
from dashboards.sheet.errors import NoFont
from dashboards.sheet.fonts import Face, faces
from dashboards.sheet.paper import draw
from dashboards.web.sheet_words import SheetWords
from tests.support.sheets import a_sheet, card, pages_of


@pytest.fixture(scope="module")
def chinese() -> list[Face]:
    try:
        return faces()
    except NoFont:
        pytest.skip("no font with Chinese characters: apt-get install fonts-noto-cjk")


def _drawn(question: Question) -> Answer:
    return draw_here(question)


def test_a_card_says_all_that_is_needed_at_a_door_without_light(chinese: list[Face]) -> None:
    sheet = a_sheet([], [card("王秀英", 3, 402)], audit="48211:9f2c-41ab-77e0-1d35-88aa")
    text = pages_of(_drawn(Question(sheet=sheet, language="zh", by="sheet.by_clock")).pdf)[0]
    for part in (
        "应急单", "北社区", "由系统打印", "阳光小区 3栋", "402室", "1单元", "王秀英", "1940 年生", "02155550102",
        "病史：高血压", "医生：陈医生", "钥匙在：居委会 老周", "1 王小红（女儿） 13800138000 【有钥匙】", "急救 120",
        "查阅记录止于 48211:9f2c-41ab-77e0-1d35-88aa",
    ):  # fmt: skip
        assert part in text, part


def test_rare_characters_of_names_are_drawn_and_what_no_font_has_is_marked(chinese: list[Face]) -> None:
    if not {0x36C3, 0x2CB4E} <= chinese[0].characters:
        pytest.skip("the font of this machine lacks them: apt-get install fonts-noto-cjk")
    drawn = draw(a_sheet([], [card("㛃𬭎\ue123", 1, 101)]), SheetWords("zh"), chinese, by="李静")
    assert drawn.unknown == 1
    assert "㛃𬭎〓" in "".join(pages_of(drawn.pdf))


def test_no_card_is_broken_and_every_page_names_its_house_columns_and_number(chinese: list[Face]) -> None:
    cards = [card(f"长者{n:03d}", 1 + n // 40, 100 + n) for n in range(80)]
    texts = pages_of(draw(a_sheet(cards[:2], cards[2:]), SheetWords("zh"), chinese, by="李静").pdf)
    assert len(texts) > 3
    for number, text in enumerate(texts, 1):
        assert f"第 {number} 页，共 {len(texts)} 页" in text
        assert "阳光小区" in text
        assert "钥匙、联系人" in text, "the heading of the columns"
        names = re.findall(r"长者\d{3}", text)
        assert text.count("1 王小红") == len(names) == text.count("病史：高血压"), "a card stays on one page"
    assert re.findall(r"长者\d{3}", "".join(texts)) == [each.name for each in cards]


def test_a_card_longer_than_a_page_is_shortened_and_says_so(chinese: list[Face]) -> None:
    endless = card("王秀英", 3, 402, card={"notes": "很长的备注" * 500})
    texts = pages_of(draw(a_sheet([], [endless, card("李桂兰", 3, 403)]), SheetWords("zh"), chinese, by="李静").pdf)
    assert len(texts) <= 2
    assert "…" in "".join(texts)
    assert "李桂兰" in "".join(texts)
