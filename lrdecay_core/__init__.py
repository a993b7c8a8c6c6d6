"""Late learning-rate decay: a solvable model, networks trained on real data, and the claims that join them.

Rooms, from the ground up; imports only ever go down this list:

1. ``checks``, ``rng``, ``schedules``, ``parameters``, ``environment``, ``storage``, ``provenance``, ``executors``
2. ``data``, ``networks``, ``solvers``
3. ``training``, ``model``, ``theory``, ``landscape``
4. ``sweeps``: many runs of one function, on any executor, kept in a store
5. ``experiments``: what each chapter runs, one function per experiment and profile
6. ``claims``: statement, evidence, control, verdict
7. ``figures``: draw results, compute nothing
"""

__version__ = "0.1.0"
