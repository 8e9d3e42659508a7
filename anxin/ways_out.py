"""The ways out as the settings say: for the dispatcher, and for the gateway when the database is away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anxin.settings import RoleSettings

if TYPE_CHECKING:
    from alerts.notifiers.port import Notifier
    from alerts.notifiers.selection import WaysOut


def open_ways_out(settings: RoleSettings) -> WaysOut:
    """The account and the chat groups that are set up.

    Raises:
        ValueError: for a chat group whose address nobody understands.
    """
    from alerts.notifiers.selection import WaysOut

    said = settings.ways_out
    phone: Notifier | None = None
    chat: Notifier | None = None
    account = settings.twilio
    if account is not None:
        from alerts.messages import values_of
        from alerts.notifiers.twilio import TwilioNotifier

        phone = TwilioNotifier(
            account_sid=account.account_sid,
            auth_token=account.auth_token,
            sender=account.from_,
            voice_from=account.voice_from,
            base_url=account.base_url,
            public_url=said.public_url,
            templates=account.templates,
            daily_cap=said.daily_cap,
            values_of=values_of,
        )
    if said.chat:
        from alerts.notifiers.chat import ChatNotifier

        chat = ChatNotifier(said.chat)
    return WaysOut(
        phone=phone,
        chat=chat,
        public_url=said.public_url,
        signature=said.signature,
        links_in_sms=said.links_in_sms,
    )
