"""What follows from a change of an alarm, written down in the same transaction: plan, steps and messages."""

from __future__ import annotations

from alerts.alarm import Alarm
from alerts.asking import looks
from alerts.escalation import Effects, round_of
from alerts.growing import grows_at, may_grow
from alerts.messages import band_text
from alerts.plan import outgrown, plan_for, steps_of
from alerts.policies import ARRIVAL_S, PROGRESS_S
from alerts.ports import AlarmTransaction, NewStep, ResidentCard, SiteRules, Watch
from alerts.storms import say
from alerts.telling import all_clear, card_of_household, family_of, owed_an_all_clear, skipped, tell
from devices.clock import DEFAULT_TIMEZONE


async def keep(
    tx: AlarmTransaction,
    before: Alarm | None,
    alarm: Alarm,
    consequences: Effects,
    now: int,
    *,
    count_only: bool = False,
) -> Alarm:
    """Store an alarm and carry out what its change brings about; returns it as stored."""
    grows = may_grow(alarm)
    grew = before is not None and may_grow(before)
    withdraws = consequences.withdraw != "nothing" or (grew and not grows)
    if withdraws:
        await tx.withdraw_steps(alarm.id, messages=consequences.withdraw == "all")
    messages = []
    if consequences.tell_family:
        card = await card_of(tx, alarm)
        telling = tell(alarm, card, family_of(card), "sms", now, nth=1, told=await tx.told(alarm.id))
        alarm = telling.alarm if telling.reached else skipped(alarm, "family", telling.outcome, now)
        messages = list(telling.messages)
    if before is None:
        await tx.insert(alarm)
    else:
        await tx.save(alarm, count_only=count_only)
    for message in messages:
        await say(tx, message, now)
    if consequences.plan_from is not None:
        await _begin(tx, alarm, consequences.plan_from, now, new=before is None)
    if alarm.asked_until is not None and (before is None or withdraws):
        await tx.schedule(alarm.id, looks(alarm, now))
    if grows and not grew:
        due_at = max(now, await grows_at(tx, alarm))
        await tx.schedule(alarm.id, [NewStep(step="still_low", round=round_of(alarm), due_at=due_at, written_at=now)])
    if consequences.watch:
        await _watch(tx, alarm, now)
    if consequences.reassure and alarm.device is not None:
        card = await card_of(tx, alarm)
        await tx.tell_band(alarm.device, band_text("help_comes", card.language), alarm=alarm.id, now=now)
    if consequences.all_clear:
        await _clear(tx, alarm, now)
    return alarm


async def _begin(tx: AlarmTransaction, alarm: Alarm, since: int, now: int, *, new: bool) -> None:
    """Write down the steps of a round; the plan is chosen when the alarm opens or has grown worse, else it stays."""
    plan = None if new else await tx.plan_of(alarm.id)
    if plan is None or outgrown(plan, alarm):
        plan = plan_for(alarm, await _rules_of(tx, alarm.site), plan)
        await tx.keep_plan(alarm.id, plan)
    steps = steps_of(plan, alarm, round_number=round_of(alarm), since=since, now=now)
    if steps:
        await tx.schedule(alarm.id, steps)


async def _rules_of(tx: AlarmTransaction, site: str) -> SiteRules:
    """The site's, or those of a site that nobody has registered: a cry from there is one all the same."""
    return await tx.site_rules(site) or SiteRules(name=site, timezone=DEFAULT_TIMEZONE, demo=False)


async def _watch(tx: AlarmTransaction, alarm: Alarm, now: int) -> None:
    """Look again later: whether whoever took it has done anything, whether whoever goes there has arrived."""
    plan = await tx.plan_of(alarm.id)
    what: Watch
    if alarm.state == "dispatched":
        what, after_s = "no_arrival", ARRIVAL_S if plan is None else plan.policy.arrival_s
    else:
        what, after_s = "no_progress", PROGRESS_S if plan is None else plan.policy.progress_s
    if after_s is not None:
        step = NewStep(step=what, round=round_of(alarm), due_at=now + 1000 * after_s, written_at=now)
        await tx.schedule(alarm.id, [step])


async def _clear(tx: AlarmTransaction, alarm: Alarm, now: int) -> None:
    """The all-clear, once the last alarm of the case has ended; of a bundle, once the last alarm in it has."""
    told = await tx.told(alarm.id)
    owed = owed_an_all_clear(told)
    if not owed:
        return
    await tx.hold_case(alarm.case)
    if await others_of_case(tx, alarm):
        return
    standing = {key for message in owed for key in message.alarms} - {alarm.id}
    active = await tx.active_among(sorted(standing)) if standing else frozenset()
    heard = [message for message in told if not active.intersection(message.alarms)]
    for message in all_clear(alarm, await card_of(tx, alarm), heard, now):
        await tx.queue(message, now)


async def others_of_case(tx: AlarmTransaction, alarm: Alarm) -> list[Alarm]:
    """The other active alarms of the same resident and kind."""
    active = [] if alarm.resident is None else await tx.active_of_residents([alarm.resident])
    return [other for other in active if other.case == alarm.case and other.id != alarm.id]


async def card_of(tx: AlarmTransaction, alarm: Alarm) -> ResidentCard:
    """Whom the alarm is about: the resident, all who live in the household, or nobody in particular of the site."""
    card = None
    if alarm.resident is not None:
        card = await tx.resident_card(alarm.resident)
    elif alarm.household is not None:
        card = card_of_household(await tx.household_cards(alarm.household))
    if card is not None:
        return card
    rules = await _rules_of(tx, alarm.site)
    return ResidentCard(
        id="",
        name="",
        site=alarm.site,
        site_name=rules.name,
        demo=rules.demo,
        status="active",
        timezone=rules.timezone,
        contacts=(),
    )
