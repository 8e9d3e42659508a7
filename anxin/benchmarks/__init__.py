"""``anxin bench``: each benchmark on a system of its own, on free ports, seeded for it and gone afterwards.

Owns starting and seeding; what is measured and how is ``bench``'s.
"""
