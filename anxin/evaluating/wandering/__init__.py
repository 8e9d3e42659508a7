"""The four rules of ``wandering`` over recorded walks: who is found going astray, how soon, and whom they trouble.

Owns reading the recordings (``recordings``), what the engine is shown of them (``fixes``), the run (``run``), what
became of each walk (``walks``), the figures with their intervals (``figures``), and telling them (``text``, ``plots``).
"""
