"""Raises events, COUNT more for each line read, and prints a line when they are raised: flood.py"""

import sys
from itertools import repeat

for line in sys.stdin:
    for _ in repeat(None, int(line)):
        sys.audit("bench.event", 1, "two", 3.0)
    print(flush=True)
