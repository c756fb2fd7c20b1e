"""The list of broken rules fits the tree: each patch applies, leaves Python, and names tests that are there."""

from __future__ import annotations

import ast
from collections import Counter

import pytest

from tests.mutations.__main__ import ROOT
from tests.mutations.rules import RULES, PatchError, Rule


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_patch_applies_to_the_code_and_leaves_code(rule: Rule) -> None:
    whole = (ROOT / rule.path).read_text(encoding="utf-8")

    assert ast.dump(ast.parse(rule.patched(whole))) != ast.dump(ast.parse(whole))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_its_tests_are_there(rule: Rule) -> None:
    for test in rule.tests:
        path, _, name = test.partition("::")
        text = (ROOT / path).read_text(encoding="utf-8")
        assert not name or f"def {name}(" in text


def test_every_rule_has_a_name_of_its_own() -> None:
    assert [name for name, count in Counter(rule.name for rule in RULES).items() if count > 1] == []


@pytest.mark.parametrize("whole", ["nothing of it", "QUORUM = 2\nQUORUM = 2\n"])
def test_a_patch_that_no_longer_fits_is_an_error(whole: str) -> None:
    (rule,) = (rule for rule in RULES if rule.name == "two people")

    with pytest.raises(PatchError, match="two people: its text stands"):
        rule.patched(whole)
