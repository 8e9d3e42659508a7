"""How far an alarm has come and where somebody is, in the words of the pages behind links."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.alarm import Alarm, TimelineEntry
from dashboards.web.links.compass import DIRECTIONS, RADIUS, compass
from dashboards.web.links.story import by_name, last_answer, named_in, story_of
from gateway.store.disclosure import Whereabouts
from tests.support.alarms import T0, an_alarm

STATE_AFTER = {
    "acknowledge": "acknowledged",
    "dispatch": "dispatched",
    "arrive": "on_scene",
    "resolve": "resolved",
    "close": "closed",
    "cancel": "cancelled",
    "release": "open",
    "reopen": "open",
    "again": "open",
}


def after(*events: str, **fields: object) -> Alarm:
    """An alarm to which these things happened, one a second; ``event:actor`` or ``event:actor:to``."""
    alarm = an_alarm()
    entries = []
    for n, said in enumerate(events, 1):
        event, actor, to = (*said.split("/"), None, None)[:3]
        entries.append(TimelineEntry(t=T0 + 1000 * n, actor=actor or "zhou", event=event or "", to=to))
    state = next((STATE_AFTER[e.event] for e in reversed(entries) if e.event in STATE_AFTER), "open")
    return msgspec.structs.replace(alarm, state=state, timeline=(*alarm.timeline, *entries), **fields)


@pytest.mark.parametrize(
    ("events", "stage"),
    [
        ((), "open"),
        (("acknowledge",), "taken"),
        (("acknowledge", "dispatch"), "going"),
        (("acknowledge", "dispatch", "arrive"), "there"),
        (("acknowledge", "resolve"), "over"),
        (("cancel",), "over"),
        (("acknowledge", "dispatch", "release"), "open"),
        (("acknowledge", "dispatch", "again"), "open"),
        (("acknowledge", "dispatch", "arrive", "again"), "there"),
        (("acknowledge", "resolve", "reopen"), "open"),
        (("acknowledge", "resolve", "reopen", "acknowledge"), "taken"),
        (("family_going", "family_there"), "open"),
    ],
)
def test_the_story_follows_the_state(events: tuple[str, ...], stage: str) -> None:
    assert story_of(after(*events), {}).stage == stage


def test_what_lies_before_us_is_shown_without_a_time_and_what_was_skipped_is_not_shown_at_the_end() -> None:
    going = story_of(after("acknowledge", "dispatch"), {})
    assert [(m.stage, m.t is not None) for m in going.milestones] == [
        ("open", True), ("taken", True), ("going", True), ("there", False), ("over", False),
    ]  # fmt: skip
    settled = story_of(after("acknowledge", "resolve"), {})
    assert [m.stage for m in settled.milestones] == ["open", "taken", "over"]


def test_nobody_sets_out_to_our_own_system() -> None:
    story = story_of(after("acknowledge", "dispatch", kind="system", rule="system.site_silent"), {})
    assert story.stage == "taken"
    assert [m.stage for m in story.milestones] == ["open", "taken", "over"]


def test_writing_it_up_later_does_not_move_the_end() -> None:
    story = story_of(after("acknowledge", "resolve", "close"), {})
    assert story.milestones[-1].t == T0 + 2000


@pytest.mark.parametrize(
    ("events", "who"),
    [
        (("acknowledge", "dispatch/zhou"), "somebody"),
        (("acknowledge", "dispatch/zhou/赵邻居"), "neighbour"),
        (("acknowledge", "dispatch/responder:p2/钱"), "grid_worker"),
        (("acknowledge", "dispatch/zhou/赵邻居", "arrive/zhou"), "neighbour"),
        (("acknowledge", "dispatch/zhou/赵邻居", "arrive/responder:p2"), "grid_worker"),
        (("acknowledge", "dispatch/zhou/她儿子", "arrive/contact:c1"), "family"),
    ],
)
def test_whoever_goes_is_told_by_role(events: tuple[str, ...], who: str) -> None:
    alarm = after(*events)
    kinds = {"赵邻居": "neighbour", "responder:p2": "grid_worker"}
    assert story_of(alarm, kinds).who == who
    assert {name for event in events for name in event.split("/")[1:]} <= {*named_in(alarm), "zhou"}


@pytest.mark.parametrize(
    ("events", "names"),
    [
        (("acknowledge/group:王芳", "dispatch/group:王芳/王芳"), ("王芳",)),
        (("acknowledge", "dispatch/group:王芳/王芳", "dispatch/responder:p2/钱"), ("王芳", "钱")),
        (
            ("acknowledge", "dispatch/group:王芳/王芳", "dispatch/responder:p2/钱", "cannot_come/group:王芳/王芳"),
            ("钱",),
        ),
        (("acknowledge", "dispatch/group:王芳/王芳", "dispatch/responder:p2/钱", "arrive/responder:p2"), ("钱",)),
        (("acknowledge", "dispatch/group:王芳/王芳", "arrive/zhou"), ()),
        (("acknowledge", "dispatch/group:王芳/王芳", "release/zhou"), ()),
        (("acknowledge", "dispatch/group:王芳/王芳", "again/system"), ()),
        (("acknowledge/zhou", "dispatch/zhou/赵邻居"), ()),
        (("acknowledge/contact:c1", "dispatch/contact:c1/她儿子"), ()),
    ],
)
def test_a_group_hears_the_names_of_those_who_said_themselves_that_they_go(
    events: tuple[str, ...], names: tuple[str, ...]
) -> None:
    assert by_name(after(*events)) == names


@pytest.mark.parametrize(
    ("fields", "how"),
    [
        ({}, "settled"),
        ({"result": "settled_by_phone"}, "settled_by_phone"),
        ({"result": "hospital"}, "call_centre"),
        ({"result": "ambulance"}, "call_centre"),
        ({"result": "died"}, "call_centre"),
        ({"result": "died", "outcome": "false_alarm"}, "call_centre"),
        ({"outcome": "no_access"}, "call_centre"),
        ({"result": "none", "outcome": "accidental"}, "false"),
        ({"result": "none"}, "settled"),
    ],
)
def test_an_end_is_told_in_one_word_and_a_grave_one_only_by_people(fields: dict[str, object], how: str) -> None:
    assert story_of(after("acknowledge", "resolve", **fields), {}).how == how


def test_an_end_after_somebody_came_says_so_and_a_cancelled_one_was_called_off() -> None:
    assert story_of(after("acknowledge", "dispatch", "arrive", "resolve"), {}).how == "helped_on_site"
    assert story_of(after("cancel"), {}).how == "cancelled"


def test_somebodys_last_word_is_theirs_alone() -> None:
    alarm = after(
        "acknowledge/responder:p1", "dispatch/responder:p1", "cannot_come/responder:p1", "arrive/responder:p2"
    )
    mine, other = last_answer(alarm, "responder:p1"), last_answer(alarm, "responder:p2")
    assert mine is not None
    assert (mine.verb, mine.t) == ("cannot", T0 + 3000)
    assert other is not None
    assert other.verb == "there"
    assert last_answer(alarm, "responder:p3") is None


def place(north_m: float, east_m: float, accuracy_m: float | None = 10.0) -> Whereabouts:
    lat, lon = 31.23, 121.47
    return Whereabouts(
        lat=lat + north_m / 111_195,
        lon=lon + east_m / (111_195 * math.cos(math.radians(lat))),
        accuracy_m=accuracy_m,
        t=T0,
        home_lat=lat,
        home_lon=lon,
    )


@pytest.mark.parametrize(
    ("north_m", "east_m", "direction"),
    [
        (200, 0, "n"), (200, 200, "ne"), (0, 200, "e"), (-200, 200, "se"),
        (-200, 0, "s"), (-200, -200, "sw"), (0, -200, "w"), (200, -200, "nw"), (20, 10, None),
    ],
)  # fmt: skip
def test_a_direction_is_as_on_a_compass(north_m: float, east_m: float, direction: str | None) -> None:
    drawn = compass(place(north_m, east_m))
    assert drawn is not None
    assert drawn.direction == direction
    assert drawn.distance_m == pytest.approx(math.hypot(north_m, east_m), rel=0.005)


def test_no_home_no_drawing() -> None:
    assert compass(msgspec.structs.replace(place(1, 1), home_lat=None, home_lon=None)) is None


def test_what_is_as_near_as_the_fix_is_vague_is_at_home() -> None:
    near, far = compass(place(150, 0, accuracy_m=200)), compass(place(150, 0, accuracy_m=None))
    assert near is not None
    assert near.direction is None
    assert far is not None
    assert far.direction == "n"


@given(
    st.floats(-80, 80), st.floats(-180, 180), st.floats(-80, 80), st.floats(-180, 180),
    st.one_of(st.none(), st.floats(0, 1e5)),
)  # fmt: skip
def test_any_place_is_drawn_within_the_ring(
    lat: float, lon: float, home_lat: float, home_lon: float, accuracy_m: float | None
) -> None:
    where = Whereabouts(lat=lat, lon=lon, accuracy_m=accuracy_m, t=T0, home_lat=home_lat, home_lon=home_lon)
    drawn = compass(where)
    assert drawn is not None
    assert math.hypot(drawn.x, drawn.y) <= RADIUS + 0.2
    assert drawn.direction is None or drawn.direction in DIRECTIONS
    assert 0 < drawn.blur <= RADIUS
