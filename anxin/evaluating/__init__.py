"""``anxin evaluate``: the engine's own detectors over other people's recordings, and what they would have said.

One folder a kind of recording: ``routine`` and ``falls``; what both need is here. It decides nothing about anybody:
the rules are the engine's, and no database is needed.
"""
