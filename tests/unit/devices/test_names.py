"""Names in pinyin: every reading of a surname, in the order in which it matters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.names import SPELLINGS, folded, spellings


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("李奶奶", {"li nai nai"}),
        ("单田芳", {"shan tian fang", "dan tian fang"}),
        ("曾国华", {"zeng guo hua"}),
        ("仇英", {"qiu ying"}),
        ("解红", {"xie hong", "jie hong"}),
        ("翟敏", {"zhai min"}),
        ("欧阳敏", {"ou yang min"}),
        ("吕敏", {"lv min", "lu min", "lyu min"}),
        ("Ａｎｎａ 王", {"anna wang"}),
        ("José", {"jose"}),
        ("买买提·吐尔逊", {"mai mai ti tu er xun"}),
    ],
)
def test_a_name_is_spelled_in_every_reading(name: str, wanted: set[str]) -> None:
    assert wanted <= set(spellings(name))


@pytest.mark.parametrize("name", ["", "  ", "😀", "——"])
def test_what_has_no_letters_has_no_spelling(name: str) -> None:
    assert spellings(name) == []


@given(st.text(max_size=60))
def test_spellings_are_few_and_plain(name: str) -> None:
    found = spellings(name)
    assert len(found) <= SPELLINGS
    assert len(set(found)) == len(found)
    assert all(each.replace(" ", "").isalnum() and each.isascii() and "  " not in each for each in found)


def test_all_readings_of_a_surname_survive_a_long_name() -> None:
    firsts = {each.split()[0] for each in spellings("单乐重长行朝")}
    assert firsts == {"dan", "chan", "shan"}


def test_full_width_and_case_do_not_matter() -> None:
    assert folded(" ＢＡＮＤ－１ ") == "band-1"
