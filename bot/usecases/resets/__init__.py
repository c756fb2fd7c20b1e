"""Resets: asking, voting, applying, watching, freezing, and undoing them."""
