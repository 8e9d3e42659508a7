"""Lines of Chinese and Latin text."""

from __future__ import annotations

from dashboards.sheet.lines import shortened, wrapped


def _wide(text: str) -> float:
    """Chinese characters are two wide, all others one."""
    return sum(1 if character.isascii() else 2 for character in text)


def test_chinese_breaks_anywhere_but_never_before_a_closing_mark() -> None:
    assert wrapped("高血压、糖尿病，心脏病。", 7, _wide) == ["高血", "压、糖", "尿病，", "心脏", "病。"]


def test_numbers_and_words_stay_whole_where_a_line_can_hold_them() -> None:
    assert wrapped("电话 13800138000 Dr Chen", 13, _wide) == ["电话", "13800138000", "Dr Chen"]


def test_what_is_wider_than_a_line_is_cut() -> None:
    assert wrapped("1234567890", 4, _wide) == ["1234", "5678", "90"]


def test_own_line_ends_are_kept_and_empty_text_has_no_line() -> None:
    assert wrapped("一\n二", 10, _wide) == ["一", "二"]
    assert wrapped("", 10, _wide) == []


def test_what_is_shortened_says_so() -> None:
    assert shortened(["甲乙", "丙丁", "戊"], 2) == ["甲乙", "丙…"]
    assert shortened(["甲乙"], 2) == ["甲乙"]
