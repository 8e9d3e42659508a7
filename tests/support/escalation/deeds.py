"""What can happen in a story: wearers press, the desk acts, people answer, phones are off, clocks jump."""

from __future__ import annotations

from typing import Any

from alerts import delivery, replies
from alerts.alarm import Alarm, Episode, Outcome, Result, SeverityName, episode_id
from alerts.clearing import clear
from alerts.desk import absorb, act
from alerts.handover import confirm
from alerts.notifiers.port import GiveUp, RetryAfter
from alerts.policies import Policy
from alerts.ports import Vouched
from alerts.transitions import (
    Acknowledge,
    AddNote,
    Arrive,
    Assign,
    Cancel,
    Close,
    Command,
    Dispatch,
    Notify,
    Release,
    Reopen,
    Resolve,
)
from gateway.answers import said_of_falls
from gateway.store.command_outbox import Answer, store_answers
from gateway.store.commands import queue_command
from gateway.store.handovers import PostgresHandoverStore, offer_handover
from tests.support.alarms import SEVERITY_OF_RULE
from tests.support.escalation.centre import SITE
from tests.support.escalation.story import Deed, Story


def sos(who: str, **fields: Any) -> Deed:
    """Somebody presses the button; again: evidence of the same."""
    return _episode(who, "sos.button", **fields)


def sos_by_phone(who: str, **fields: Any) -> Deed:
    """Somebody calls the centre and asks for help."""
    return _episode(who, "sos.reported", severity="critical", **fields)


def fall_by_motion(who: str, **fields: Any) -> Deed:
    """The way somebody moves looks like a fall."""
    return _episode(who, "fall.motion", **fields)


def fall(who: str, **fields: Any) -> Deed:
    """The band notices a fall."""
    return _episode(who, "fall.device", **fields)


def seems_to_fall(who: str, probability: float = 0.7, **fields: Any) -> Deed:
    """The way somebody moves looks like a fall, and the model tells how much."""
    evidence = {"probability": probability, **fields.pop("evidence", {})}
    severity = "critical" if probability >= 0.8 else "high"
    return _episode(who, "fall.motion", **{"severity": severity, "evidence": evidence, **fields})


def device_thinks_of_a_fall(who: str, confidence: float = 0.5, **fields: Any) -> Deed:
    """The band notices what may be a fall, and tells how sure it is."""
    severity = "critical" if confidence >= 0.8 else "high"
    return _episode(who, "fall.device", **{"severity": severity, "evidence": {"confidence": confidence}, **fields})


def is_seen(who: str, *, jolt_s: float = 0, **evidence: float) -> Deed:
    """What the motion shows after the jolt, which was so long after the story's beginning."""

    async def happens(story: Story) -> None:
        told = {"probability": 0.7, **evidence}
        severity = "critical" if told["probability"] >= 0.8 else "high"
        ago_s = (story.now() - story.t0) / 1000 - jolt_s
        await _episode(who, "fall.motion", ago_s=ago_s, what="evidence", severity=severity, evidence=told)(story)

    return happens


def wearer_says(who: str, word: str, *, band: str | None = None) -> Deed:
    """Whoever wears the band answers its last question; the band itself, when nobody does."""

    async def happens(story: Story) -> None:
        (asked,) = await story.centre.rows(
            "select c.id, c.device from command c join device d on d.slot = c.device"
            " where d.id = %s and c.name = 'confirm_ok' order by c.n desc limit 1",
            band or f"band-{who}",
        )
        now = story.now()
        answers = [Answer(asked[1], str(asked[0]), ok=True, answer=word, t=now, received=now)]
        async with story.store.transaction() as tx:
            await absorb(tx, await said_of_falls(tx.connection, answers), now)
            await store_answers(tx.connection, answers)

    return happens


def staff_ask(who: str) -> Deed:
    """Somebody at the desk lets the band ask."""

    async def happens(story: Story) -> None:
        async with story.pool.connection() as connection:
            await queue_command(
                connection, device=f"band-{who}", name="confirm_ok", args={}, by="zhang", now=story.now()
            )

    return happens


def band_refuses(who: str) -> Deed:
    """The band says that it cannot do what it was last asked."""

    async def happens(story: Story) -> None:
        (asked,) = await story.centre.rows(
            "select c.id, c.device from command c join device d on d.slot = c.device"
            " where d.id = %s order by c.n desc limit 1",
            f"band-{who}",
        )
        async with story.pool.connection() as connection:
            await store_answers(connection, [Answer(asked[1], str(asked[0]), False, None, story.now(), story.now())])

    return happens


def band_is(who: str, state: str) -> Deed:
    """A band's connection is lost, or back."""

    async def happens(story: Story) -> None:
        await story.centre.says_that_it_is(f"band-{who}", state)

    return happens


def hands_the_band_on(who: str) -> Deed:
    """Somebody wears their band no more."""

    async def happens(story: Story) -> None:
        await story.centre.takes_off(f"band-{who}", at_ms=story.now())

    return happens


def wanders(who: str, **fields: Any) -> Deed:
    """Somebody leaves the safe zone."""
    return _episode(who, "wandering.zone_exit", **fields)


def misses_checkin(who: str, **fields: Any) -> Deed:
    """No sign of life by the time agreed."""
    return _episode(who, "missed_check.checkin", **fields)


def shows_no_life(who: str, severity: SeverityName = "medium", **fields: Any) -> Deed:
    """Somebody lies still longer than they ever do."""
    return _episode(who, "missed_check.inactivity", severity=severity, **fields)


def silent(who: str, severity: SeverityName = "medium", **fields: Any) -> Deed:
    """Nothing was heard of all that somebody wears."""
    return _episode(who, "missed_check.silent", severity=severity, **fields)


def flat_battery(who: str, **fields: Any) -> Deed:
    """A band wants to be charged."""
    subject = f"device:band-{who}"
    return _episode(who, "device.battery_low", subject=subject, **fields)


def of_the_site(rule: str, severity: SeverityName = "high", **fields: Any) -> Deed:
    """Something of the site itself."""
    own = {"subject": SITE, "resident": None, "device": None, "severity": severity}
    return _episode(SITE, rule, **{**own, **fields})


def stranger_presses(device: str, **fields: Any) -> Deed:
    """A band that nobody has registered calls for help."""
    own = {"subject": f"device:{device}", "resident": None, "device": device, "severity": "high"}
    return _episode(device, "sos.button", **{**own, **fields})


def household_presses(household: str, **fields: Any) -> Deed:
    """The box of people who live together calls for help."""
    own = {"subject": f"household:{household}", "resident": None, "household": household}
    return _episode(household, "sos.button", **{**own, **fields})


def takes_back(who: str, rule: str = "sos.button") -> Deed:
    """The wearer cancels."""
    return _episode(who, rule, what="cancelled")


def recovers(who: str, rule: str, **fields: Any) -> Deed:
    """The cause is gone."""
    return _episode(who, rule, what="recovered", **fields)


def _episode(who: str, rule: str, *, ago_s: float = 0, **fields: Any) -> Deed:
    async def happens(story: Story) -> None:
        now = story.now()
        t = now - int(1000 * ago_s)
        subject = fields.get("subject", f"resident:{who}")
        known = story.openings.get((subject, rule))
        opening, key = known or (t, episode_id(rule, subject, t, -1))
        story.openings[subject, rule] = opening, key
        values: dict[str, Any] = {
            "id": key,
            "what": "opened" if known is None else "evidence",
            "rule": rule,
            "severity": SEVERITY_OF_RULE.get(rule, "medium"),
            "subject": subject,
            "site": SITE,
            "resident": who,
            "household": None,
            "device": f"band-{who}",
            "t": t,
            "late": False,
            "position": None,
            "evidence": {},
            "received": now,
            **fields,
        }
        async with story.store.transaction() as tx:
            await absorb(tx, [Episode(**values)], now)

    return happens


def takes(by: str, of: str = "wang", rule: str | None = None) -> Deed:
    return does(by, Acknowledge(), of, rule)


def releases(by: str, of: str = "wang") -> Deed:
    return does(by, Release(), of)


def assigns(by: str, to: str, of: str = "wang") -> Deed:
    return does(by, Assign(assignee=to), of)


def sends(by: str, responder: str | None = None, of: str = "wang") -> Deed:
    """Somebody is on the way."""
    return does(by, Dispatch(responder=responder), of)


def arrives(by: str, of: str = "wang") -> Deed:
    return does(by, Arrive(), of)


def resolves(by: str, result: Result | None = None, of: str = "wang", rule: str | None = None) -> Deed:
    return does(by, Resolve(result=result), of, rule)


def closes(by: str, outcome: Outcome = "true_alarm", of: str = "wang") -> Deed:
    return does(by, Close(outcome=outcome), of)


def cancels(by: str, of: str = "wang") -> Deed:
    return does(by, Cancel(), of)


def reopens(by: str, of: str = "wang") -> Deed:
    return does(by, Reopen(), of)


def notes(by: str, of: str = "wang") -> Deed:
    """The phone was tried, nobody answered."""
    return does(by, AddNote(code="no_answer"), of)


def has_family_told(by: str, of: str = "wang") -> Deed:
    """Tell the family now."""
    return does(by, Notify(), of)


def does(by: str, command: Command, of: str = "wang", rule: str | None = None) -> Deed:
    """Somebody at the desk does something, and may."""

    async def happens(story: Story) -> None:
        alarm = await story.alarm_of(of, rule)
        done = await act(story.store, alarm.id, command, by, story.now())
        assert isinstance(done, Alarm), done

    return happens


def vouches(by: str, of: str = "wang", how: Vouched = "call", note: str | None = None) -> Deed:
    """Somebody at the desk saw or spoke to a resident."""

    async def happens(story: Story) -> None:
        async with story.store.transaction() as tx:
            await clear(tx, of, actor=by, how=how, at=story.now(), note=note)

    return happens


def hands_over(outgoing: str, incoming: str) -> Deed:
    """All that one has becomes the other's, who confirms it."""

    async def happens(story: Story) -> None:
        async with story.pool.connection() as connection:
            offer = await offer_handover(
                connection, site=SITE, outgoing=outgoing, incoming=incoming, note=None, now=story.now()
            )
        assert not isinstance(await confirm(PostgresHandoverStore(story.pool), offer.id, incoming, story.now()), str)

    return happens


def answers(who: str, verb: replies.Verb) -> Deed:
    """Somebody answers the last alarm that they were told of."""

    async def happens(story: Story) -> None:
        told = [heard.message for heard in story.heard_by(who) if heard.message is not None and heard.message.alarm]
        assert told, f"{who} was not told"
        message = told[-1]
        assert message.alarm is not None
        await replies.answer(story.store, message.alarm, replies.replier_of(message), verb, story.now())

    return happens


def number_is_bad(who: str, reason: str = "twilio_21211") -> Deed:
    """The provider will never take a message for this number."""

    async def happens(story: Story) -> None:
        story.phones.answers[who] = GiveUp(reason)

    return happens


def provider_is_busy_for(who: str) -> Deed:
    """The provider says: later."""

    async def happens(story: Story) -> None:
        story.phones.answers[who] = RetryAfter("twilio_503")

    return happens


def provider_is_down() -> Deed:
    """The provider answers nobody."""

    async def happens(story: Story) -> None:
        story.phones.is_down = True

    return happens


def provider_is_back() -> Deed:
    async def happens(story: Story) -> None:
        story.phones.is_down = False

    return happens


def number_works(who: str) -> Deed:
    async def happens(story: Story) -> None:
        story.phones.answers.pop(who, None)

    return happens


def never_arrived(who: str, reason: str = "twilio_30003") -> Deed:
    """The provider reports later that the last message to somebody did not arrive."""

    async def happens(story: Story) -> None:
        message = story.heard_by(who)[-1].message
        assert message is not None
        async with story.store.transaction() as tx:
            await tx.connection.execute(
                "update message set state = 'failed', reason = %s where id = %s", (reason, message.id)
            )
            await delivery.failed(tx, message, reason, story.now(), story.phones.capabilities)

    return happens


def writes(policy: Policy) -> Deed:
    """Somebody writes a policy."""

    async def happens(story: Story) -> None:
        await story.centre.policy(policy)

    return happens


def becomes(resident: str, status: str) -> Deed:
    async def happens(story: Story) -> None:
        await story.centre.status(resident, status)

    return happens


def clock_jumps(seconds: float) -> Deed:
    """The machine's clock is set, forward or back."""

    async def happens(story: Story) -> None:
        story.clock_is_off_by_ms += int(1000 * seconds)
        story.clock.now += int(1000 * seconds)

    return happens
