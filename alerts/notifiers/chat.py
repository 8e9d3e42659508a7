"""Chat groups and mail through apprise: WeCom, DingTalk, Feishu and whatever else it speaks.

Source: https://github.com/caronc/apprise. It answers yes or no, without a name for what was sent: a message of which
nobody knows whether it arrived is sent again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from apprise import Apprise, AppriseAsset

from alerts.notifiers.port import (
    CHAT_ADDRESS,
    CannotTell,
    Capabilities,
    Delivered,
    Finding,
    GiveUp,
    RetryAfter,
    Sending,
)
from alerts.ports import Message

# Its warnings carry answers of servers, its debug lines what was said and the secret address.
logging.getLogger("apprise").setLevel(logging.CRITICAL)


class ChatNotifier:
    """Speaks to one group a site. ``groups``: site → address, as apprise writes it.

    Raises:
        ValueError: apprise does not understand a site's address.
    """

    name = "chat"

    def __init__(self, groups: Mapping[str, str]) -> None:
        self._groups = {site.casefold(): _opened(site, address) for site, address in groups.items()}
        self.capabilities = Capabilities(chat=frozenset(self._groups))

    async def send(self, message: Message, text: str, now: int) -> Sending:
        """Say it in the site's group."""
        group = self._groups.get(message.recipient.removeprefix(CHAT_ADDRESS).casefold())
        if group is None:
            return GiveUp("no_chat_group")
        said = await asyncio.to_thread(group.notify, body=text)
        return Delivered() if said else RetryAfter("chat_failed")

    async def find(self, message: Message, text: str) -> Finding:
        """A group cannot be asked what was said in it."""
        return CannotTell("no_list")


def _opened(site: str, address: str) -> Apprise:
    group = Apprise(asset=AppriseAsset(app_id="Anxin", async_mode=False))
    if not group.add(address):
        raise ValueError(f"the chat group of site {site} has an address that apprise does not understand")
    return group
