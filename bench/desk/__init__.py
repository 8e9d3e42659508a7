"""The load of a desk: a simulated month of a community, straight through the engine and the folding of alarms.

Owns the world that the rules look at: how people live, what their bands measure and fail to measure, and how the
desk takes alarms. No broker and no database: what they do to readings (late, in bursts, never twice) is part of
the world. The figures are only as good as ``assumptions``; each of them says where it comes from.
"""
