"""Years out of doors through the engine: how often wandering alarms about people who are well, and who is found when.

Owns the run of ``simulator.outdoors`` through engine and folding, and the trials of single patterns; the people, their
outings and the errors of their bands are the simulator's, the desk that folds alarms is the simulated month's.
"""
