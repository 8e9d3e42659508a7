"""An alarm's escalation as people look at it: the frozen plan's name and the present round's steps."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

import msgspec

from gateway.store.connection import Connection


class StepLine(msgspec.Struct, frozen=True, kw_only=True):
    """A step: ``tell`` (who, the nth of them, how), ``no_progress`` or ``no_arrival``.

    ``outcome``: what became of it; ``messages``: the states of what it sent, each once.
    """

    step: Literal["tell", "no_progress", "no_arrival"]
    round: int
    n: int
    repeat: int
    who: str | None
    nth: int | None
    how: str | None
    due_at: int
    state: Literal["pending", "done", "withdrawn"]
    done_at: int | None
    outcome: str | None
    messages: list[str]


class Escalation(msgspec.Struct, frozen=True, kw_only=True):
    """``policy`` None: the alarm calls nobody. ``steps``: of the newest round, in the order of their times."""

    policy: str | None
    name: str | None
    steps: list[StepLine]


async def escalation_of(conn: Connection, alarm: UUID) -> Escalation:
    """The alarm's plan and the steps of its newest round."""
    cursor = await conn.execute(
        "select policy, plan -> 'policy' ->> 'name' from escalation_plan where alarm = %s", (alarm,)
    )
    plan = await cursor.fetchone()
    cursor = await conn.execute(
        "select jsonb_build_object('step', s.step, 'round', s.round, 'n', s.n, 'repeat', s.repeat, 'who', s.who,"
        " 'nth', s.nth, 'how', s.how, 'due_at', s.due_at, 'state', s.state, 'done_at', s.done_at,"
        " 'outcome', s.outcome, 'messages', coalesce((select jsonb_agg(distinct m.state) from message m"
        " where m.alarm = s.alarm and m.step = s.id), '[]'))::text from escalation_step s"
        " where s.alarm = %(alarm)s and s.step in ('tell', 'no_progress', 'no_arrival')"
        " and s.round = (select max(round) from escalation_step where alarm = %(alarm)s)"
        " order by s.due_at, s.n, s.repeat, s.id",
        {"alarm": alarm},
    )
    steps = [msgspec.json.decode(row[0], type=StepLine) for row in await cursor.fetchall()]
    return Escalation(policy=plan and plan[0], name=plan and plan[1], steps=steps)
