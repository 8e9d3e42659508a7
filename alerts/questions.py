"""The question to the wearer within a transaction: who is asked and when, and whether an answer can still come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from alerts import asking
from alerts.alarm import Alarm
from alerts.catalogue import PARAMETERS
from alerts.consequences import keep
from alerts.escalation import effects
from alerts.ports import AlarmTransaction, Step


class Question(NamedTuple):
    """Which band asks "are you all right?", and for how many seconds."""

    device: str
    seconds: int


async def considered(
    tx: AlarmTransaction, before: Alarm | None, alarm: Alarm, now: int
) -> tuple[Alarm, Question | None]:  # fmt: skip
    """A changed alarm, and whether its wearer is to be asked; a new one says so, or why nobody can be.

    Whoever is asked already is asked no second time, and not awaited any more once the fall has become certain.
    """
    if before is not None:
        if alarm.asked_until is None or alarm.evidence == before.evidence:
            return alarm, None
        sure = asking.is_sure(alarm, await _settings(tx, alarm))
        return (asking.not_awaited(alarm, now) if sure else alarm), None
    if not asking.may_be_asked(alarm):
        return alarm, None
    settings = await _settings(tx, alarm)
    if asking.is_sure(alarm, settings) or await _calls_for_help(tx, alarm):
        return alarm, None
    device, why = await _band(tx, alarm)
    if device is None:
        return asking.not_asked(alarm, why, now), None
    question = Question(device, round(settings[asking.answer_s(alarm.rule)]))
    return asking.asked(alarm, question.device, question.seconds, now), question


async def put(tx: AlarmTransaction, alarm: Alarm, question: Question, now: int) -> Alarm:
    """Ask the band, for a stored alarm, and look after it; one that refuses keeps nobody waiting."""
    if not await tx.ask_wearer(question.device, alarm=alarm.id, seconds=question.seconds, now=now):
        unasked = asking.not_asked(alarm, "refused", now)
        return await keep(tx, alarm, unasked, effects(alarm, unasked, now), now)
    return alarm


async def look(tx: AlarmTransaction, step: Step, alarm: Alarm, now: int) -> Alarm:
    """Whether the question is still worth waiting for; the last look ends it.

    Its last look is the end whatever the clock says: it may have been set back meanwhile.
    """
    if alarm.asked_until is None or alarm.state != "open":
        return alarm
    if step.repeat == step.n:
        after = asking.unanswered(alarm, now)
    elif (why := await tx.question_lost(alarm.id, now)) is not None:
        after = asking.not_asked(alarm, why, now)
    else:
        return alarm
    return await keep(tx, alarm, after, effects(alarm, after, now), now)


async def _settings(tx: AlarmTransaction, alarm: Alarm) -> Mapping[str, float]:
    """What is in force for the alarm's resident."""
    assert alarm.resident is not None
    set_by_people = await tx.parameters(asking.PARAMETERS_OF, site=alarm.site, resident=alarm.resident)
    return {name: set_by_people.get(name, PARAMETERS[name].default) for name in asking.PARAMETERS_OF}


async def _calls_for_help(tx: AlarmTransaction, alarm: Alarm) -> bool:
    """Whether the wearer has pressed for help: they have answered already."""
    assert alarm.resident is not None
    active = await tx.active_of_residents([alarm.resident])
    return any(other.kind == "sos" and other.drill == alarm.drill for other in active)


async def _band(tx: AlarmTransaction, alarm: Alarm) -> tuple[str | None, str]:
    """The band that can ask: the one that felt the fall, else another that the resident wears; or why none can."""
    assert alarm.resident is not None
    felt_by = [] if alarm.device is None else [alarm.device]
    candidates = list(dict.fromkeys([*felt_by, *await tx.bands_of(alarm.resident)]))
    deaf = await tx.deaf(candidates)
    able = [device for device in candidates if device not in deaf]
    return (able[0], "") if able else (None, deaf[candidates[0]] if candidates else "nobody")
