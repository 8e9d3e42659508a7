"""Wearers' answers to "are you all right?": kept with their commands, and heard by the falls of which they speak."""

from __future__ import annotations

from collections.abc import Iterable

from alerts.alarm import Episode
from devices.payloads import CommandAck
from gateway.store.command_outbox import Answer
from gateway.store.connection import Connection
from gateway.store.questions import answered_questions


def answers_in(acks: Iterable[tuple[int, CommandAck, int]]) -> list[Answer]:
    """What devices (slot, answer, received ms) said of their commands."""
    return [Answer(slot, ack.id, ack.ok, ack.answer, ack.t, received) for slot, ack, received in acks]


async def said_of_falls(connection: Connection, answers: list[Answer]) -> list[Episode]:
    """What wearers answered of falls that are active; to be asked before the answers are stored."""
    return [
        Episode(
            id=found.alarm,
            what="answered",
            rule=found.rule,
            severity="low",
            subject=found.subject,
            site=found.site,
            resident=found.resident,
            household=None,
            device=found.device,
            t=answers[found.number].t,
            late=False,
            position=None,
            evidence={"answer": answers[found.number].answer},
            received=answers[found.number].received,
        )
        for found in await answered_questions(connection, answers)
    ]
