"""The benchmark: `python -m tests.bench` measures the charge path against what PostgreSQL itself can do.

Everything runs in one go on a PostgreSQL of its own (fsync on) in a temporary folder. Product and references take
turns, round by round, and only ratios are judged, so that a busy or a slow machine changes both sides alike.
"""
