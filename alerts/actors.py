"""What a timeline calls those who act without an account: whose record they are, or the name that they gave."""

from __future__ import annotations

from typing import Final

OF_A_CONTACT: Final = "contact:"
OF_A_RESPONDER: Final = "responder:"
OF_A_RESIDENT: Final = "resident:"
OF_A_GROUP: Final = "group:"
"""How the actors begin who took an alarm from the page of a group, and are nobody who was entered."""

SPEAK_FOR_THEMSELVES: Final = (OF_A_RESIDENT, OF_A_RESPONDER, OF_A_CONTACT, OF_A_GROUP)
"""An account may also speak for somebody whom it sent."""


def resident_actor(resident: str) -> str:
    """The actor who is a resident, by their own telephone; what they do with a device is the ``wearer``'s."""
    return f"{OF_A_RESIDENT}{resident}"


def contact_actor(contact: str) -> str:
    """The actor who is a resident's contact."""
    return f"{OF_A_CONTACT}{contact}"


def responder_actor(responder: str) -> str:
    """The actor who is a responder."""
    return f"{OF_A_RESPONDER}{responder}"


def group_actor(name: str) -> str:
    """The actor of a group, by the name that they gave."""
    return f"{OF_A_GROUP}{name}"
