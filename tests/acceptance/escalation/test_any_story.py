"""Any story: alarms, deeds, answers, phones that are off, time that passes, and two dispatchers at once."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts import replies
from alerts.desk import act
from alerts.notifiers.port import GiveUp, RetryAfter
from alerts.policies import Policy, PolicyStep
from alerts.transitions import (
    Acknowledge,
    AddNote,
    Arrive,
    Cancel,
    Close,
    Command,
    Dispatch,
    Notify,
    Release,
    Reopen,
    Resolve,
)
from gateway.store.connection import pool
from tests.support.escalation.centre import PHONES
from tests.support.escalation.deeds import (
    band_is,
    device_thinks_of_a_fall,
    fall,
    fall_by_motion,
    flat_battery,
    is_seen,
    misses_checkin,
    number_works,
    of_the_site,
    recovers,
    seems_to_fall,
    shows_no_life,
    silent,
    sos,
    stranger_presses,
    takes_back,
    vouches,
    wanders,
    wearer_says,
)
from tests.support.escalation.laws import broken
from tests.support.escalation.story import Deed, Story
from tests.support.escalation.wants import hours, shown
from tests.support.postgres import PostgresServer

pytestmark = pytest.mark.timeout(600)

RESIDENTS = ("wang", "li", "a", "b", "c", "d")
PEOPLE = ("zhang", "wu", "night zhao")
TOLD = ("wang", "daughter", "son", "li's son", "zhang", "wu", "neighbour chen", "grid worker liu", "grid worker of all")
VERBS = ("take", "there", "well", "with_me", "cannot")
COMMANDS: tuple[Command, ...] = (
    Acknowledge(), Acknowledge(), Dispatch(), Dispatch(responder="grid worker liu"), Arrive(), Resolve(),
    Resolve(result="died"), Resolve(result="settled_by_phone"), Cancel(), Release(), Reopen(),
    AddNote(code="no_answer"), Notify(), Close(outcome="true_alarm"),
)  # fmt: skip

cries = st.one_of(
    st.builds(sos, st.sampled_from(RESIDENTS)),
    st.builds(fall, st.sampled_from(RESIDENTS)),
    st.builds(fall_by_motion, st.sampled_from(RESIDENTS)),
    st.builds(seems_to_fall, st.sampled_from(RESIDENTS), st.sampled_from([0.6, 0.85, 0.97])),
    st.builds(device_thinks_of_a_fall, st.sampled_from(RESIDENTS), st.sampled_from([0.5, 0.9])),
    st.builds(seems_to_fall, st.just("wang"), drill=st.just(True)),
    st.builds(wanders, st.sampled_from(RESIDENTS)),
    st.builds(misses_checkin, st.sampled_from(RESIDENTS)),
    st.builds(shows_no_life, st.sampled_from(RESIDENTS), st.sampled_from(["medium", "high"])),
    st.builds(silent, st.sampled_from(RESIDENTS), st.sampled_from(["low", "medium", "high"])),
    st.builds(fall, st.just("wang"), drill=st.just(True)),
    st.builds(flat_battery, st.sampled_from(RESIDENTS), severity=st.sampled_from(["low", "high"])),
    st.builds(of_the_site, st.just("system.detector_failed")),
    st.builds(stranger_presses, st.just("band-unknown")),
    st.builds(takes_back, st.sampled_from(RESIDENTS)),
    st.builds(recovers, st.sampled_from(RESIDENTS), st.just("missed_check.silent")),
)


def tries(by: str, command: Command, which: int) -> Deed:
    """Somebody at the desk tries something with one of the alarms."""

    async def happens(story: Story) -> None:
        alarms = await story.centre.rows("select id from alarm order by raised_at, id")
        if alarms:
            await act(story.store, alarms[which % len(alarms)][0], command, by, story.now())

    return happens


def sees_through(by: str, which: int) -> Deed:
    """Somebody takes one of the alarms and ends it."""

    async def happens(story: Story) -> None:
        for command in (Acknowledge(), Dispatch(), Resolve()):
            await tries(by, command, which)(story)

    return happens


def says(who: str, verb: replies.Verb, which: int) -> Deed:
    """Somebody who was told of alarms answers one of them."""

    async def happens(story: Story) -> None:
        told = [heard.message for heard in story.heard_by(who) if heard.message is not None and heard.message.alarm]
        if told:
            message = told[which % len(told)]
            assert message.alarm is not None
            said = "help" if message.role == "resident" and verb == "cannot" else verb
            await replies.answer(story.store, message.alarm, replies.replier_of(message), said, story.now())

    return happens


def wearer_answers(who: str, word: str) -> Deed:
    """Somebody whose band asks, or has asked, answers."""

    async def happens(story: Story) -> None:
        asked = "select from command c join device d on d.slot = c.device where d.id = %s and c.name = 'confirm_ok'"
        if await story.centre.rows(asked, f"band-{who}"):
            await wearer_says(who, word)(story)

    return happens


def phone(who: str, answer: Any) -> Deed:
    """Somebody's phone is off, or on again."""

    async def happens(story: Story) -> None:
        if answer is None:
            story.phones.answers.pop(who, None)
        else:
            story.phones.answers[who] = answer

    return happens


deeds = st.one_of(
    cries,
    st.builds(tries, st.sampled_from(PEOPLE), st.sampled_from(COMMANDS), st.integers(0, 20)),
    st.builds(says, st.sampled_from(TOLD), st.sampled_from(VERBS), st.integers(0, 20)),
    st.builds(vouches, st.sampled_from(PEOPLE), st.sampled_from(RESIDENTS), st.sampled_from(["call", "visit"])),
    st.builds(sees_through, st.sampled_from(PEOPLE), st.integers(0, 20)),
    st.builds(wearer_answers, st.sampled_from(RESIDENTS), st.sampled_from(["ok", "ok", "help", "none"])),
    st.builds(band_is, st.sampled_from(RESIDENTS), st.sampled_from(["offline", "online"])),
    st.builds(phone, st.sampled_from(TOLD), st.sampled_from([None, GiveUp("21211"), RetryAfter("503")])),
)
pauses = st.sampled_from([0, 0, 1, 10, 30, 61, 125, 310, 700])
stories = st.lists(st.tuples(pauses, deeds), min_size=3, max_size=25)


steps = st.one_of(
    st.builds(
        PolicyStep,
        after_s=st.sampled_from([0, 10, 60, 125, 600]),
        who=st.sampled_from(["resident", "duty", "supervisor", "family", "neighbours", "grid_workers", "volunteers"]),
        how=st.sampled_from(["sms", "voice"]),
        nth=st.sampled_from([None, 1, 2]),
        times=st.sampled_from([1, 1, 3]),
        every_s=st.sampled_from([30, 300]),
    ),
    st.builds(PolicyStep, after_s=st.just(30), who=st.just("chat"), how=st.just("chat")),
    st.builds(PolicyStep, after_s=st.just(0), who=st.just("band"), how=st.sampled_from(["message", "ring"])),
)
policies = st.builds(
    Policy,
    id=st.just("own"),
    name=st.just("own"),
    applies_to=st.sampled_from(["", "fall", "missed_check"]),
    severity=st.sampled_from(["", "high"]),
    steps=st.lists(steps, max_size=6).map(tuple),
    progress_s=st.sampled_from([None, 60, 300]),
)


@given(stories, st.none() | policies)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_happens_the_laws_hold(
    postgres_server: PostgresServer, happening: list[tuple[int, Deed]], policy: Policy | None
) -> None:
    with postgres_server.database(migrated=True) as conninfo:
        asyncio.run(play(conninfo, happening, policy))


of_falls = st.one_of(
    st.builds(seems_to_fall, st.just("wang"), st.sampled_from([0.6, 0.85, 0.97])),
    st.builds(device_thinks_of_a_fall, st.just("wang"), st.sampled_from([0.5, 0.7, 0.9])),
    st.builds(is_seen, st.just("wang"), walking_s=st.sampled_from([0, 10, 60]), still_s=st.sampled_from([0, 30])),
    st.builds(wearer_answers, st.just("wang"), st.sampled_from(["ok", "help", "none"])),
    st.builds(band_is, st.just("wang"), st.sampled_from(["offline", "online"])),
    st.builds(tries, st.just("zhang"), st.sampled_from([Acknowledge(), Release(), Cancel(), Reopen()]), st.just(0)),
)
soon = st.sampled_from([0, 1, 5, 10, 20, 40, 70])


@given(st.lists(st.tuples(soon, of_falls), min_size=2, max_size=10), policies)
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_becomes_of_a_question_the_laws_hold(
    postgres_server: PostgresServer, happening: list[tuple[int, Deed]], policy: Policy
) -> None:
    policy = msgspec.structs.replace(policy, applies_to="fall", severity="")
    with postgres_server.database(migrated=True) as conninfo:
        asyncio.run(play(conninfo, [(0, seems_to_fall("wang", 0.6)), *happening], policy))


async def play(conninfo: str, happening: list[tuple[int, Deed]], policy: Policy | None = None) -> None:
    async with pool(conninfo, application="anxin story", size=8) as connections:
        story = Story(connections, dispatchers=2)
        await story.centre.furnish()
        for who in RESIDENTS[2:]:
            await story.centre.resident(who, f"住户{who}")
        await story.centre.phone("wang", PHONES["wang"])
        if policy is not None:
            await story.centre.policy(policy)
        t = 0.0
        for pause, deed in happening:
            t += pause
            story.at(t, deed)
        story.at(t + 1, *map(number_works, TOLD))
        await story.passes(t + hours(0.5))
        wrong = await broken(story)
        story.at(t + hours(0.5), *(sees_through("night zhao", which) for which in range(40)))
        await story.passes(t + hours(1))
        wrong += await broken(story)
        told = "\n".join(map(shown, story.phones.heard))
        assert not wrong, "\n".join([*wrong, "", "what was heard:", told])
