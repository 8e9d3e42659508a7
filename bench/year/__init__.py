"""A year of promised checks and routines: how often they trouble people who are well, how soon they notice who is not.

Owns what the simulated month (``bench.desk``) has not: holidays, plans of promised checks and who forgets them, people
who lie helpless, and what the desk does about a missed check. Engine, folding, people and bands are the month's.
"""
