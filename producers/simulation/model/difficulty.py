"""How difficult a simulated history is for whoever compares two periods: weeks, seasons and clusters of reports."""

from typing import Final, NamedTuple


class Clusters(NamedTuple):
    """How many people report one item.

    Of the items that are reported in the app, `shared_share` have further reports: a log-normal number with this median
    and this standard deviation of its logarithm, at most `max_followers`. `reports_per_item` is the measured mean over
    all platforms; it depends on outcomes, since removed items get no more reports.
    """

    shared_share: float
    followers_median: float
    followers_sigma: float
    max_followers: int
    reports_per_item: float


# Several people report one item in twenty, soon after the first report. With a mean of about six more reports, these
# are a fifth of all reports. The sizes are ours; clusters with a mean of five already make intervals wrong that assume
# independent reports.
MILD_CLUSTERS: Final = Clusters(0.05, 4.0, 1.0, 200, 1.2)
HEAVY_CLUSTERS: Final = Clusters(0.5, 6.0, 1.3, 2_000, 5.5)
CLUSTERS: Final = {"mild": MILD_CLUSTERS, "heavy": HEAVY_CLUSTERS}
"""The sizes of clusters by name."""


class Difficulty(NamedTuple):
    """What makes two periods differ although nothing has changed.

    All reports of a platform and week share one factor on their durations. `week_sigma` is the standard deviation of its
    logarithm, `week_autocorrelation` the correlation with the week before (0 to below 1). `season` is the amplitude of a
    yearly wave on the logarithm: durations are longest a quarter of a year after the beginning of 1970.
    """

    week_sigma: float = 0.2
    week_autocorrelation: float = 0.0
    season: float = 0.0
    clusters: Clusters = MILD_CLUSTERS
