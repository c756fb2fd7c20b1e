"""Each alert asks for metrics that the bot has and stands in the runbook; what the runbook refers to is there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import promql_parser
import pytest
import yaml

from bot.domain.request import Stage
from bot.health.metrics import PREFIX, Metrics
from bot.settings.model import Audit
from bot.usecases.health import HealthMonitor, StoreCounts
from bot.usecases.ports.store import Backlog
from tests.fakes import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator

DEPLOY = Path(__file__).parents[2] / "deploy"
RUNBOOK = (DEPLOY / "runbook.md").read_text(encoding="utf-8")
(GROUP,) = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yaml").read_text(encoding="utf-8"))["groups"]
RULES: dict[str, Any] = {rule["alert"]: rule for rule in GROUP["rules"]}
ENDS = {"gauge": [""], "info": ["_info"], "counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}


def names_of_the_bot() -> set[str]:
    """Return every metric's name as Prometheus gets it."""
    monitor = HealthMonitor(lambda: Backlog(0, None), StoreCounts, dict, lambda: 0.0, FakeClock())
    families = Metrics("1", monitor, lambda: 0).registry.collect()
    return {f"{family.name}{end}" for family in families for end in ENDS[family.type]}


def selectors(query: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the metrics that a query asks for, each with its labels."""
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


def test_every_alert_asks_for_metrics_that_the_bot_has() -> None:
    known = names_of_the_bot()
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
