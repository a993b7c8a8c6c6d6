"""What each chapter runs, in three wings: ``model``, ``networks`` and ``landscapes``, which may know the other two.

One function per experiment returns its configurations for a profile.
"""
