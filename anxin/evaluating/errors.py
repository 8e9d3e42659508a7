"""Why there is no evaluation."""

from __future__ import annotations


class EvaluationError(Exception):
    """What was given cannot be evaluated; ``str(error)`` names the file, the line and what is wrong there."""
