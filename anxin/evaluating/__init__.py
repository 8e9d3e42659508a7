"""``anxin evaluate``: the engine's own detectors over other people's recordings, and what they would have said.

Owns reading the recordings (``recordings``), the lives that the engine is shown (``lives``), the run (``run``), the
plain limit that stands beside it (``plain_limit``) and the figures with their intervals (``figures``). It decides
nothing about anybody: the rules are the engine's, and no database is needed.
"""
