"""What a person may type after `/pkgstatus drift`."""

from __future__ import annotations

import pytest

from bot.domain.command import DriftNow, NotForDrift, parse


@pytest.mark.parametrize(
    ("text", "sites"),
    [
        ("drift", set()),
        ("Drift", set()),
        ("drift?", set()),
        ("`drift`", set()),
        ("drift site:ps1", {"PS1"}),
        ("drift site:PS1 site:P02", {"PS1", "P02"}),
        ("drift site:PS1,site:P02", {"PS1", "P02"}),
        ("*drift* `site:PS1`", {"PS1"}),
    ],
)
def test_drift_is_asked_of_all_sites_or_of_some(text: str, sites: set[str]) -> None:
    assert parse(text) == DriftNow(frozenset(sites))


@pytest.mark.parametrize("word", ["PS1", "behind", "dp:NYC*", "site:", "PS100112"])
def test_another_word_after_drift_is_named(word: str) -> None:
    assert parse(f"drift site:PS1 {word}") == NotForDrift(word)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("drift PS1", ("drift site:PS1",)),
        ("drift ps1", ("drift site:PS1",)),
        ("drift LON", ("drift site:LON",)),
        ("drift now", ("drift",)),
        ("drift for all", ("drift",)),
    ],
)
def test_a_site_code_after_drift_is_taken_for_one_and_a_plain_word_is_not(text: str, meant: tuple[str, ...]) -> None:
    problem = parse(text)

    assert isinstance(problem, NotForDrift)
    assert problem.meant == meant
