"""Random outages of a small site: the engine says what the oracle says, whoever is silent or hands over old news."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import event, given, settings

from alerts.engine import What
from devices.registry import RegistryChange
from tests.reference.changes import SETTINGS
from tests.reference.lives import Mishap, Turn
from tests.reference.oracle import Rule, Told
from tests.reference.play import Play, Work
from tests.reference.streams import assignment, beat, change, device, resident

S = 1000
MINUTE = 60 * S
NOON = 1_750_132_800_000
"""2025-06-17T12:00 in Shanghai."""
BANDS = 9
"""Resident 0 has the first two; the others one each, 8 is a box."""

PACES: list[list[float | None]] = [[None], [60.0], [None, None, 60.0], [300.0, 1200.0]]

community = [
    *(change(resident(slot)) for slot in range(BANDS - 2)),
    *(change(device(slot, type="box" if slot == BANDS - 1 else "band")) for slot in range(BANDS)),
    *(change(assignment(slot, max(0, slot - 1) % (BANDS - 2), from_ms=NOON - 600 * MINUTE)) for slot in range(BANDS)),
]
habits = st.lists(
    st.sampled_from([one for one in SETTINGS if ".site_silent." in one.key or ".silent.interval" in one.key]),
    max_size=2,
)
meanwhile: st.SearchStrategy[list[RegistryChange]] = st.one_of(
    *[st.just([])] * 6,
    st.lists(
        st.sampled_from(
            [
                change(resident(3, status="hospital")),
                change(resident(3)),
                change(None, "assignment", "a4"),
                change(assignment(4, 3, from_ms=NOON - 600 * MINUTE)),
                change(device(5, revoked=True)),
                change(device(5)),
                change(None, "device", "d6"),
            ]
        ),
        max_size=1,
    ),
)
mishaps: st.SearchStrategy[Mishap] = st.sampled_from(
    ["none", "none", "undone", "undone whole", "undone half", "restarted", "crashed"]
)
switches = st.one_of(*[st.just(())] * 9, st.tuples(st.tuples(st.just(Rule.SYSTEM_SITE_SILENT), st.booleans())))
reporting = st.one_of(
    st.just(range(BANDS)), st.just(range(BANDS)), st.just(range(0)), st.just(range(4)), st.just(range(4, BANDS)),
    st.lists(st.integers(0, BANDS - 1), max_size=4, unique=True),
)  # fmt: skip


@st.composite
def outages(draw: st.DrawFn) -> list[Turn]:
    """A site that is heard, is not, and is again, in rounds of all, some or nobody."""
    now = NOON
    turns = []
    paces: list[float | None] = draw(st.sampled_from(PACES))
    for i in range(draw(st.integers(3, 12))):
        now += draw(st.sampled_from([1, 4, 5, 5, 6, 11, 31, 130, 260])) * MINUTE
        age = draw(st.sampled_from([0, 0, 0, 0, 3, 9, 40, 120])) * MINUTE
        told: list[Told] = [
            beat(
                now - age - slot * S, slot, received=now, interval_s=paces[slot % len(paces)],
                charging=draw(st.sampled_from([None] * 9 + [True])),
            )
            for slot in draw(reporting)
        ]  # fmt: skip
        turns.append(
            Turn(
                now=now, told=tuple(told), changes=(*(draw(habits) if i == 0 else []), *draw(meanwhile)),
                switched=draw(switches), cuts=(),
                listening_since=draw(st.sampled_from([*[NOON - MINUTE] * 8, now - MINUTE, now - 6 * MINUTE])),
                advances=draw(st.sampled_from([1, 1, 1, 2])),
                later=tuple(now + part for part in sorted(draw(st.sets(st.sampled_from([20 * S, 50 * S]))))),
                mishap=draw(mishaps), keep=draw(st.booleans()),
            )
        )  # fmt: skip
    return turns


@settings(max_examples=200, deadline=None)
@given(outages())
def test_engine_says_of_an_outage_what_the_oracle_says(life: list[Turn]) -> None:
    play = Play(community)
    play.live(life)
    said = [what.name for what in What if play.work[Work(Rule.SYSTEM_SITE_SILENT, what)]]
    event(f"of the site: {', '.join(said) or 'nothing'}")
