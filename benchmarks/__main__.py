"""``python -m benchmarks``."""

from benchmarks.jobs import main

main()
