"""The cyclic garbage collector of a process that holds millions of live objects and makes few cycles."""

import gc


def collect_seldom() -> None:
    """Keep the cyclic garbage collector from walking records that are about to be freed by count.

    With Python's thresholds it takes a sixth of the worker's time, with these a thirtieth.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)
