"""What can go wrong with the emergency sheet.

SheetError
├── NoFont      no font with Chinese characters: install one, or name it
└── NotDrawn    the drawing process ended badly or took too long: a matter for whoever maintains this
"""

from __future__ import annotations


class SheetError(Exception):
    """The sheet could not be made."""


class NoFont(SheetError):
    """There is no font with Chinese characters."""


class NotDrawn(SheetError):
    """The process that draws did not end well."""
