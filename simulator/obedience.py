"""How a band treats commands (contract section 2): each id is obeyed once, and answered as often as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

import msgspec
import structlog

from devices.clock import Clock
from devices.commands import CONFIRM_TIMEOUT_S, BadCommand, Command, checked_args
from simulator.die import Die
from simulator.wearer import Wearer

REMEMBERED: Final = 64
"""So many commands a band remembers with its answers."""
REACTION_S: Final = (2.0, 7.0)
"""How long a wearer takes to find the button when asked whether they are all right. Source: assumption."""

_log = structlog.get_logger(__name__)
_decode: Final = msgspec.json.Decoder(Command).decode


class Obedience:
    """The part of a band that hears commands.

    ``carry_out`` does what a checked command says; ``say`` sends an answer; ``ask`` starts the wait for the
    wearer, a call of ``ask_wearer``, in a task of its own.
    """

    def __init__(
        self,
        device: str,
        wearer: Wearer,
        *,
        clock: Clock,
        carry_out: Callable[[Command], None],
        say: Callable[[dict[str, object]], None],
        ask: Callable[[Command], None],
    ) -> None:
        self.obeyed: list[Command] = []
        """What was carried out, in order, the last ones."""
        self._device = device
        self._wearer = wearer
        self._clock = clock
        self._carry_out = carry_out
        self._say = say
        self._ask = ask
        self._die = Die("obedience", device)
        self._answers: dict[str, dict[str, object] | None] = {}

    def hear(self, payload: bytes) -> None:
        """Carry out a command and answer it; one that comes again is only answered again, the same."""
        try:
            command = _decode(payload)
        except msgspec.MsgspecError:
            _log.warning("unreadable command", device=self._device)
            return
        if command.id in self._answers:
            answer = self._answers[command.id]
            if answer is not None:
                self._say(answer)
        elif not self._is_worth_obeying(command):
            self._answer(command, ok=False)
        else:
            self.obeyed = [*self.obeyed, command][-REMEMBERED:]
            self._carry_out(command)
            if command.name == "confirm_ok":
                self._remember(command, None)
                self._ask(command)
            else:
                self._answer(command, ok=True)

    async def ask_wearer(self, command: Command) -> None:
        """Wait for the wearer, as long as the question says; somebody who does not move does not answer."""
        timeout_s = float(command.args.get("timeout_s", CONFIRM_TIMEOUT_S))
        reaction_s = self._die.uniform(*REACTION_S, command.id)
        if self._wearer.doing == "stop_moving" or self._wearer.answer == "none" or reaction_s > timeout_s:
            await asyncio.sleep(timeout_s)
            self._answer(command, ok=True, answer="none")
        else:
            await asyncio.sleep(reaction_s)
            self._answer(command, ok=True, answer=self._wearer.answer)

    def _is_worth_obeying(self, command: Command) -> bool:
        if command.expires_at is not None and command.expires_at < self._clock.now_ms():
            return False
        try:
            checked_args(command.name, command.args)
        except BadCommand:
            return False
        return True

    def _answer(self, command: Command, *, ok: bool, **wearer: Any) -> None:
        answer: dict[str, object] = {"id": command.id, "ok": ok, "t": self._clock.now_ms(), **wearer}
        self._remember(command, answer)
        self._say(answer)

    def _remember(self, command: Command, answer: dict[str, object] | None) -> None:
        self._answers[command.id] = answer
        while len(self._answers) > REMEMBERED:
            del self._answers[next(iter(self._answers))]
