"""Each alert asks for figures that the bot has and stands in the runbook; what the runbook refers to is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import promql_parser
import pytest
import yaml

from bot.domain.request import Stage
from bot.settings.model import Audit
from bot.usecases import figures
from bot.usecases.figures import PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator

DEPLOY = Path(__file__).parents[2] / "deploy"
RUNBOOK = (DEPLOY / "runbook.md").read_text(encoding="utf-8")
(GROUP,) = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yaml").read_text(encoding="utf-8"))["groups"]
RULES: dict[str, Any] = {rule["alert"]: rule for rule in GROUP["rules"]}
ENDS = {"_gauge": [""], "GAUGE": [""], "COUNTER": ["_total"], "HISTOGRAM": ["_bucket", "_sum", "_count"]}


def figures_of_the_code() -> Iterator[str]:
    """Yield every figure's name as Prometheus gets it."""
    for node in ast.walk(ast.parse(Path(figures.__file__).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"_gauge", "Figure"}:
            given = [ast.unparse(each) for each in node.args]
            kind = "_gauge" if ast.unparse(node.func) == "_gauge" else given[2].rpartition(".")[2]
            yield from (f"{PREFIX}{ast.literal_eval(given[0])}{end}" for end in ENDS[kind] if given[0] != "name")


def selectors(query: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the figures that a query asks for, each with its labels."""
    for name, labels in re.findall(rf"({PREFIX}\w+)(?:\{{([^}}]*)\}})?", promql_parser.parse(query).prettify()):
        yield name, dict(re.findall(r'(\w+)="([^"]*)"', labels))


def test_every_alert_is_a_rule() -> None:
    assert len(RULES) == len(GROUP["rules"])
    for rule in RULES.values():
        assert (
            {"alert", "expr", "labels", "annotations"} <= set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        )
        assert re.fullmatch(r"\d+[mh]", rule.get("for", "1m"))
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["annotations"]["summary"].endswith(".")


def test_what_is_no_query_is_noticed() -> None:
    with pytest.raises(ValueError, match=r"."):
        promql_parser.parse("max(pkgstatus_connected) <")


def test_every_alert_asks_for_figures_that_the_bot_has() -> None:
    known = set(figures_of_the_code())
    asked = [each for rule in RULES.values() for each in selectors(rule["expr"])]

    assert {"pkgstatus_connected", "pkgstatus_refusals_total", "pkgstatus_ack_seconds_bucket"} <= known
    assert [name for name, _ in asked if name not in known] == []
    assert {labels["state"] for _, labels in asked if "state" in labels} <= {str(stage) for stage in Stage}


def test_the_alert_on_the_audit_channel_begins_where_resets_are_paused() -> None:
    assert RULES["PkgstatusAuditBehind"]["expr"].endswith(f"> {Audit().max_lag.total_seconds():.0f}")


def test_the_runbook_says_what_each_alert_means() -> None:
    assert re.findall(r"^### (Pkgstatus\w+)$", RUNBOOK, re.MULTILINE) == list(RULES)


@pytest.mark.parametrize(
    "topic",
    ["Install", "Windows service", "Upgrade", "Rotate tokens", "Back up and restore the store", "A request is parked"],
)
def test_the_runbook_has(topic: str) -> None:
    assert re.search(rf"^##+ {topic}$", RUNBOOK, re.MULTILINE)


def test_everything_that_the_runbook_points_at_is_there() -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", RUNBOOK) if not link.startswith("http")]
    named = re.findall(r"\bdeploy/[\w./-]+\w", RUNBOOK)

    assert links
    assert [link for link in links if not (DEPLOY / link).exists()] == []
    assert [name for name in named if name != "deploy/pkgstatus-bot" and not (DEPLOY.parent / name).exists()] == []
