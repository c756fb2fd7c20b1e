"""The number behind the two-person rule; alone in its file, because settings need it before anything else is loaded."""

QUORUM = 2
"""Two people, always; no setting can make it fewer."""
