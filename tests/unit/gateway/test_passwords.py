"""Which passwords are taken, how masked numbers look, and how long guessing locks."""

from __future__ import annotations

import pytest

from dashboards.phones import masked, masked_number
from devices.clock import HOUR_MS, MINUTE_MS
from gateway.store.passwords import LEAST, common_passwords, weakness
from gateway.store.signin_guard import FREE, MORE, lock_ms


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short", "short"),
        ("123456789a", "common"),
        ("Password2024!", "common"),
        ("Qwertyuiop1!", "common"),
        ("1q2w3e4r5t6y", "common"),
        ("wangqiang2024", "name"),
        ("WangQiang!!!", "name"),
        ("anxinanxin1", "name"),
        ("aaaaaaaaaaaa", "pattern"),
        ("abababababab", "pattern"),
        ("lkjhgfdsapoi", "pattern"),
        ("correct horse", None),
        ("茶杯 自行车 台风 七点", None),
        ("wangqiang likes cold tea", None),
    ],
)
def test_what_is_easy_to_guess_is_not_taken(password: str, why: str | None) -> None:
    assert weakness(password, names=("wangqiang", "王强", None)) == why


def test_the_list_holds_small_letters_and_no_blanks() -> None:
    assert len(common_passwords()) > 100
    assert all(each == each.casefold().strip() for each in common_passwords())
    assert LEAST == 10


def test_locks_grow_with_every_few_failures_and_end() -> None:
    locking = {n: lock_ms(n) for n in range(1, 200) if lock_ms(n)}
    assert list(locking)[:3] == [FREE, FREE + MORE, FREE + 2 * MORE]
    assert list(locking.values())[:4] == [MINUTE_MS, 2 * MINUTE_MS, 4 * MINUTE_MS, 8 * MINUTE_MS]
    assert max(locking.values()) == HOUR_MS


@pytest.mark.parametrize(
    ("phone", "shown"),
    [
        ("13800138000", "138****8000"),
        ("+8613800138000", "+86138****8000"),
        ("02155550101", "021****0101"),
        ("55550101", "55****01"),
        ("120", "****"),
        ("", "****"),
    ],
)
def test_a_masked_number_keeps_its_ends(phone: str, shown: str) -> None:
    assert masked(phone) == shown


def test_only_numbers_are_masked_among_addresses() -> None:
    assert masked_number("+86 138-0013-8000") == "+86 138-0****8000"
    assert masked_number("wecombot://group") == "wecombot://group"
