"""Training what the engine judges with: the model of falls, from recordings in the contract's format.

Training needs ``pip install 'anxin[train]'``, what varies recordings does not. Nothing here is imported by the running
system, which holds the result as plain numbers.
"""
