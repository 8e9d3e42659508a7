"""All that the pages of one alarm show, and what the desk may do with it now."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from alerts.actors import OF_A_GROUP, OF_A_RESIDENT, SPEAK_FOR_THEMSELVES, contact_actor, responder_actor
from alerts.alarm import Alarm, Place
from alerts.catalogue import PARAMETERS
from alerts.escalation import told_this_round
from alerts.layers import SettingChange
from alerts.messages import text_of
from alerts.policy import REOPEN_WITHIN_MS, may_reach_outside
from alerts.replies import family_says_well
from alerts.transitions import LEADS_TO, last_state_entry
from dashboards.api.access import MAY_ACT, MAY_OPEN, Principal
from dashboards.api.problems import Problem
from dashboards.deps import Deps
from dashboards.web.felt import felt_view
from dashboards.web.records.rule_fields import decided_then
from dashboards.web.records.scenes import zone_of
from dashboards.web.why import why
from dashboards.web.wording import Wording
from devices.clock import DEFAULT_TIMEZONE
from devices.refusals import no_such
from gateway.store.accounts import Account, accounts
from gateway.store.connection import Connection
from gateway.store.consents import position_of_alarm
from gateway.store.escalation_view import escalation_of
from gateway.store.queries import AlarmPage, Card, OutboxLine, alarm_page
from gateway.store.queries import Fix as StoredFix
from gateway.store.registry import find, listing, setting_changes
from gateway.store.registry_records import Responder, Site
from gateway.store.traces import trace_of

RESPONDERS_AT_MOST = 500
STEPS = ("open", "acknowledged", "dispatched", "on_scene", "resolved", "closed")
OUTCOMES = ("true_alarm", "false_alarm", "accidental", "no_access", "test", "technical")
RESULTS = ("settled_by_phone", "helped_on_site", "ambulance", "hospital", "found", "died", "none")
NOTE_CODES = ("no_answer", "called_120", "called_110", "key_used")


async def alarm_context(deps: Deps, principal: Principal, wording: Wording, alarm: UUID) -> dict[str, Any]:
    """What the pages of one alarm are drawn from. Raises ``Problem`` 404 for one that the account does not see."""
    async with deps.pool.connection() as conn:
        found = await alarm_page(conn, alarm)
        staff = await accounts(conn)
        responders = [] if found is None else await _responders(conn, found)
        settings = [] if found is None else await _settings(conn, found.alarm)
        centre = None if found is None or found.alarm.site is None else await find(conn, Site, found.alarm.site)
        position = await position_of_alarm(conn, alarm, deps.clock.now_ms())
        escalation = await escalation_of(conn, alarm)
        trace = await trace_of(conn, alarm)
    if found is None or not principal.account.sees(found.alarm.site):
        raise Problem(404, no_such("alarm"))
    names = {each.username: each.display_name or each.username for each in staff} | _outsiders(found, wording)
    timezone = found.cards[0].resident.timezone if found.cards else DEFAULT_TIMEZONE
    return {
        "page": found,
        "alarm": found.alarm,
        "centre": centre,
        "names": names,
        "timezone": timezone,
        "decided": decided_then(wording, found.alarm, settings),
        "texts": [_as_told(each) or wording.t("message.erased") for each in found.messages],
        "scene": scene_of_alarm(found),
        "felt": felt_view(wording, found.alarm, trace),
        "why": why(wording, found.alarm, timezone),
        "accompanied": _accompanied_until(found.cards, deps.clock.now_ms()),
        "escalation": escalation,
        "says_well": family_says_well(found.alarm),
        "steps": STEPS,
        "reached": STEPS.index(found.alarm.state) if found.alarm.state in STEPS else -1,
        "skipped": skipped_steps(found.alarm),
        "outcomes": OUTCOMES,
        "results": RESULTS,
        "codes": NOTE_CODES,
        "may_act": principal.account.role in MAY_ACT,
        "calls": principal.account.role in MAY_ACT and found.alarm.is_active,
        "may_open": principal.account.role in MAY_OPEN,
        "position": position if found.cards and not found.alarm.drill else None,
        "actions": actions_of(found.alarm, deps.clock.now_ms()),
        "together": _together(found),
        "responders": responders,
        "colleagues": sorted(
            ((each.username, names[each.username]) for each in staff if _may_be_given(each, found.alarm)),
            key=lambda pair: pair[1],
        ),
    }


def skipped_steps(alarm: Alarm) -> frozenset[str]:
    """Which of the ``STEPS`` before the alarm's state it never took since it was opened, or last reopened."""
    if alarm.state not in STEPS:
        return frozenset()
    taken: set[str] = set()
    for entry in alarm.timeline:
        if entry.event == "reopen":
            taken.clear()
        elif entry.event in LEADS_TO:
            taken.add(LEADS_TO[entry.event])
    return frozenset(STEPS[1 : STEPS.index(alarm.state)]) - taken


def _accompanied_until(cards: list[Card], now: int) -> int | None:
    """Until when somebody goes along with them, ms; None when nobody does."""
    ends = [card.resident.accompanied_until or 0 for card in cards]
    return max(ends) if ends and max(ends) > now else None


async def _settings(conn: Connection, alarm: Alarm) -> list[SettingChange]:
    """All that was ever set for those whom the alarm concerns."""
    return await setting_changes(conn, PARAMETERS, site=alarm.site, resident=alarm.resident)


async def _responders(conn: Connection, found: AlarmPage) -> list[Responder]:
    """Who can be sent, those of the resident's own building first."""
    everybody = await listing(conn, Responder, sites=[found.alarm.site], limit=RESPONDERS_AT_MOST)
    homes = {card.resident.address.get("building") for card in found.cards} - {None}
    return sorted((each for each in everybody if each.active), key=lambda each: each.building not in homes)


def _may_be_given(account: Account, alarm: Alarm) -> bool:
    return account.role in MAY_ACT and account.sees(alarm.site)


def _as_told(message: OutboxLine) -> str:
    """The message as it reads, but for the link, which only its recipient gets; empty once its words were erased."""
    if not message.params and not message.recipient:
        return ""
    return text_of(message.template, message.params, message.language, channel=message.channel, code=message.code)


def _outsiders(found: AlarmPage, wording: Wording) -> dict[str, str]:
    """The names of those who were told, or went, and have no account, by what the timeline calls them."""
    named = {}
    for entry in found.alarm.timeline:
        told_us_who = entry.event == "dispatch" or entry.actor.startswith(OF_A_RESIDENT)
        if told_us_who and entry.to is not None and entry.actor.startswith(SPEAK_FOR_THEMSELVES):
            of_a_group = entry.actor.startswith(OF_A_GROUP)
            named[entry.actor] = wording.t("actor.of_a_group", name=entry.to) if of_a_group else entry.to
    named |= {contact_actor(each.contact): each.name for each in found.messages if each.contact}
    return named | {responder_actor(each.responder): each.name for each in found.messages if each.responder}


def _together(found: AlarmPage) -> int:
    """How many alarms of the same person wait, where one word can take more than one; else 0."""
    alarm = found.alarm
    if alarm.resident is None and alarm.household is None:
        return 0
    same = [
        each for each in (alarm, *found.related) if (each.resident, each.household) == (alarm.resident, alarm.household)
    ]
    waiting = sum(each.state == "open" for each in same)
    return waiting if waiting > 1 or (waiting and alarm.state != "open") else 0


def actions_of(alarm: Alarm, now: int) -> list[str]:
    """What the desk may do in this state at ``now`` (ms), the next step first.

    Nobody tells a family twice in a round, or of a drill; nobody reopens after a day.
    """
    actions = {
        "open": ["acknowledge", "notify", "cancel"],
        "acknowledged": ["dispatch", "resolve", "notify", "release", "cancel"],
        "dispatched": ["arrive", "resolve", "dispatch", "notify", "release", "cancel"],
        "on_scene": ["resolve", "notify", "cancel"],
        "resolved": ["close", "rate", "reopen"],
        "closed": ["rate", "reopen"],
        "cancelled": ["reopen"],
    }.get(alarm.state, [])
    ended = last_state_entry(alarm)
    ruled_out = {
        "notify": told_this_round(alarm) or not may_reach_outside(alarm),
        "reopen": ended is not None and now - ended.t > REOPEN_WITHIN_MS,
    }
    return [action for action in actions if not ruled_out.get(action, False)]


def scene_of_alarm(found: AlarmPage) -> dict[str, Any]:
    """What the alarm's map is drawn from: the way there, zones and home, and where they are.

    That is the newest fix, and apart from it the alarm's own place, while anybody may be on the way there; once the
    alarm is over its own place alone, but for somebody who wandered.
    """
    newest = _point(found.fixes[0]) if found.fixes else None
    place = _point(found.alarm.position) if found.alarm.position is not None else None
    went_on = newest is not None and place is not None and newest["t"] > place["t"] and found.alarm.is_active
    follows = found.alarm.kind == "wandering" or went_on
    return {
        "home": _home(found.cards),
        "fix": (newest or place) if follows else (place or newest),
        "moment": place if follows else None,
        "zones": _zones(found.cards),
        "track": _track(found.fixes),
    }


def _point(fix: StoredFix | Place) -> dict[str, Any]:
    return {"lat": fix.lat, "lon": fix.lon, "accuracy_m": fix.accuracy_m, "t": fix.t}


def _home(cards: list[Card]) -> dict[str, float] | None:
    home = next((card.resident.home for card in cards if card.resident.home is not None), None)
    return {"lat": home.lat, "lon": home.lon} if home else None


def _zones(cards: list[Card]) -> list[dict[str, Any]]:
    return [zone_of(fence) for card in cards for fence in card.fences]


def _track(fixes: list[StoredFix]) -> list[dict[str, float]]:
    return [{"lat": fix.lat, "lon": fix.lon, "t": fix.t} for fix in reversed(fixes)]
