"""The engine once more, slow and plain, written from the contract: dictionaries, lists and no arrays.

It keeps every reading that it has ever seen and shares no code with the engine but the codes of severities and
of what an event says. One story a file; ``community`` puts them together.
"""

from tests.reference.oracle.community import Oracle
from tests.reference.oracle.places import between_m, polygon_outside_m
from tests.reference.oracle.words import Rule, Said, Told, Verdict

__all__ = ["Oracle", "Rule", "Said", "Told", "Verdict", "between_m", "polygon_outside_m"]
