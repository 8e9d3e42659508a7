"""What the pages of promised checks make of what the store tells them."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import msgspec
import pytest

from alerts.checks import Terms, WindowTerms
from dashboards.web.checks.day import houses_of, stamp_of
from dashboards.web.checks.person import rhythm_of
from dashboards.web.checks.plans import SHOWN_DAYS, ahead
from dashboards.web.wording import Wording
from devices.clock import DAY_MS, HOUR_MS, MINUTE_MS
from gateway.store.activity import Bucket
from gateway.store.check_list import Check, CheckState, waits
from gateway.store.checks import Call
from gateway.store.registry_records import Holiday

SHANGHAI = ZoneInfo("Asia/Shanghai")
MONDAY = round(dt.datetime(2026, 5, 4, tzinfo=SHANGHAI).timestamp()) * 1000


def _check(name: str, state: CheckState, building: str | None = "3", community: str | None = "阳光小区") -> Check:
    return Check(
        id=name, resident=name, slot=0, name=name, site="s", timezone="Asia/Shanghai", phone=None, community=community,
        building=building, unit=None, floor=None, room=None, plan="p", plan_name=None, date=dt.date(2026, 5, 4),
        begins_at=0, opens_at=0, closes_at=1, due_at=2, by="button", state=state, kept_at=None, kept_by=None, how=None,
        note=None, reminded_at=None, calls=(), skipped=None, alarm=None,
    )  # fmt: skip


def test_a_house_tells_of_those_overdue_though_they_stand_above_it() -> None:
    found = [_check("a", "overdue"), _check("b", "open"), _check("c", "kept"), _check("d", "kept", "12")]
    three, twelve = houses_of(found)
    assert (three.community, three.building, twelve.building) == ("阳光小区", "3", "12")
    assert [each.name for each in three.due] == ["b"]
    assert [each.name for each in three.kept] == ["c"]
    assert dict(three.counts) == {"overdue": 1, "open": 1, "kept": 1}


def test_houses_keep_the_order_in_which_they_come_and_nobody_without_an_address_is_lost() -> None:
    found = [_check("a", "coming", None, None), _check("b", "coming", "9"), _check("c", "coming", "10")]
    assert [(each.building, [one.name for one in each.coming]) for each in houses_of(found)] == [
        ("", ["a"]), ("9", ["b"]), ("10", ["c"]),
    ]  # fmt: skip


def test_midnight_settles_no_check_that_waits_but_a_day_does() -> None:
    late = msgspec.structs.replace(_check("a", "overdue"), due_at=MONDAY)
    assert waits(late, MONDAY + DAY_MS - 1)
    assert not waits(late, MONDAY + DAY_MS)
    assert waits(msgspec.structs.replace(late, state="open"), MONDAY - 1)
    assert not waits(msgspec.structs.replace(late, state="kept"), MONDAY)


def test_a_list_is_sent_again_when_anything_of_it_changed_or_a_minute_passed() -> None:
    found = [_check("a", "open"), _check("b", "open")]
    stamp = stamp_of(found, [], MONDAY)
    assert stamp_of(list(found), [], MONDAY + MINUTE_MS - 1) == stamp
    assert stamp_of(found, [], MONDAY + MINUTE_MS) != stamp
    assert stamp_of([found[0], _check("b", "kept")], [], MONDAY) != stamp
    called = msgspec.structs.replace(found[0], calls=(Call(t=1, actor="li", result="no_answer"),))
    assert stamp_of([called, found[1]], [], MONDAY) != stamp


def test_the_days_ahead_begin_with_what_still_opens_today_and_name_their_holidays() -> None:
    terms = Terms(
        windows=(WindowTerms(opens="08:00", closes="09:30"), WindowTerms(opens="18:00", closes="24:00", days=("mon",))),
        holidays="skip",
    )
    holiday = Holiday(id="h", site="s", name="青年节", date=dt.date(2026, 5, 5), last_date=dt.date(2026, 5, 6))
    days = ahead(terms, "Asia/Shanghai", [holiday], MONDAY + 8 * HOUR_MS)
    assert len(days) == SHOWN_DAYS
    assert [(each.weekday, each.holiday, each.windows) for each in days[:4]] == [
        (0, None, ["18:00 – 00:00"]),
        (1, "青年节", []),
        (2, "青年节", []),
        (3, None, ["08:00 – 09:30"]),
    ]


def test_the_usual_day_counts_only_days_that_were_seen() -> None:
    buckets = [
        Bucket(t=MONDAY + 7 * HOUR_MS, heartbeats=4, steps=12),
        Bucket(t=MONDAY + DAY_MS + 7 * HOUR_MS, heartbeats=4, steps=0, activity=0.0),
        Bucket(t=MONDAY + 2 * DAY_MS + 7 * HOUR_MS),
        Bucket(t=MONDAY + 8 * HOUR_MS, checkins=1),
    ]
    rhythm = rhythm_of(buckets, "Asia/Shanghai")
    assert [each.hour for each in rhythm] == list(range(24))
    assert (rhythm[7].share, rhythm[8].share, rhythm[9].share) == (50, 100, None)
    assert rhythm_of([Bucket(t=MONDAY)], "Asia/Shanghai") == []


@pytest.mark.parametrize(
    ("days", "zh", "en"),
    [
        (("mon", "tue", "wed", "thu", "fri", "sat", "sun"), "每天", "every day"),
        (("mon", "tue", "wed", "thu", "fri"), "周一到周五", "Monday to Friday"),
        (("sat", "sun"), "周六、周日", "Sat, Sun"),
    ],
)
def test_days_are_said_as_people_say_them(days: tuple[str, ...], zh: str, en: str) -> None:
    window = WindowTerms(opens="08:00", closes="09:30", days=days)  # type: ignore[arg-type]
    assert (Wording("zh").days(window.days), Wording("en").days(window.days)) == (zh, en)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(-1, "under 1 min"), (59, "under 1 min"), (60, "1 min"), (119.9, "1 min"), (7200, "2 h 0 min")],
)
def test_what_is_shown_anew_each_minute_counts_no_seconds(seconds: float, told: str) -> None:
    assert Wording("en").minutes(seconds) == told
