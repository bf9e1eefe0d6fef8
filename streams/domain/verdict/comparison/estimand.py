"""What a comparison estimates: a share of reports, or their mean wait."""

from enum import StrEnum
from typing import NamedTuple

from streams.domain.survival import STOPPED


class Kind(StrEnum):
    """The two figures that are compared."""

    MEAN_WAIT = "mean wait"
    SHARE = "share"


class Estimand(NamedTuple):
    """A figure of a clock: the share with the ending of interest within `limit`, or the mean wait up to `limit`.

    `limit` is an edge of the duration bins, in milliseconds. The mean wait is the area below 1 - F from 0 to `limit`, in
    milliseconds; a report without the ending of interest counts with `limit`.
    """

    kind: Kind
    limit: int
    interest: int = STOPPED
