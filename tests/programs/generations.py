"""Reads a file in three generations, each by another interpreter.

    generations.py FILE INTERPRETER...

Prints a line for each: the version, and "read" or the errno.
"""

import subprocess
import sys

path, following = sys.argv[1], sys.argv[2:]
try:
    with open(path) as file:
        file.read()
    result = "read"
except OSError as error:
    result = str(error.errno)
print("%d.%d %s" % (sys.version_info[0], sys.version_info[1], result), flush=True)
if following:
    subprocess.check_call([following[0], __file__, path] + following[1:])
