"""`pytest --asyncbench-selfcheck`: how noisy is this machine, and what can it decide?"""
