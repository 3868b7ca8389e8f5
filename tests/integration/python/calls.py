"""Makes calls with a client: those on the standard input, one JSON object a line, answered in the same way.

The first line that is printed is `"ready"`: to import a client takes a while. An answer has either what the client returned or what it raised, and how many seconds that took.
"""

import json
import sys
import time


def raised(error):
    """What an application sees of an error: its classes, its text, and what the client kept of the response."""
    response = getattr(error, "response", None)
    return {
        "classes": [f"{kind.__module__.partition('.')[0]}.{kind.__name__}" for kind in type(error).__mro__],
        "message": str(error),
        "details": getattr(error, "details", None),
        "headers": dict(response.headers) if response is not None else {},
    }


def make_calls(call):
    """`call` is given the members of each object as keyword arguments, and returns what JSON can have."""
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        began = time.monotonic()
        try:
            answer = {"returned": call(**json.loads(line))}
        except Exception as error:
            answer = {"raised": raised(error)}
        print(json.dumps({**answer, "seconds": time.monotonic() - began}), flush=True)
