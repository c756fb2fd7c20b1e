"""Every duration and pace the workspace keeps, with Slack's values as defaults.

Tests shorten them; nothing else in this folder names a number of seconds.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """How long things live and how often they may happen."""

    acknowledge_s: float = 3.0
    """An envelope not acknowledged by then failed for the person."""
    linger_s: float = 0.5
    """How much longer a late acknowledgement is waited for, only to report how late it was."""
    trigger_s: float = 3.0
    """Life of a trigger id."""
    response_url_s: float = 1800.0
    """Life of a response URL."""
    redeliver_after_s: tuple[float, ...] = (0.0, 60.0, 300.0)
    """An event that was not acknowledged comes again after these."""
    server_ping_s: float = 20.0
    """The server pings each connection this often ..."""
    server_timeout_s: float = 60.0
    """... and cuts one that was not heard for this long."""
    warning_s: float = 10.0
    """From the warning to the refresh of a connection."""
    closing_s: float = 10.0
    """A connection asked to go is cut after this."""
    minute_s: float = 60.0
    """The minute of the rate limit tiers."""
    post_interval_s: float = 1.0
    """chat.postMessage: one a second and channel ..."""
    post_burst: int = 5
    """... after a burst of this many."""
