"""Health and metrics of a running bot: alive, ready, degraded without its site, and what an on-call asks for."""

from __future__ import annotations

import json
import re
import socket
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.bot_process import CHECKOUT
from tests.frontdoor.databases import closed, harness_on, needs_postgresql, read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.harness import Harness, Json

DASHBOARD = CHECKOUT / "deploy" / "grafana" / "pkgstatus-bot.json"
PATIENCE = 90


class Pages:
    """The pages of the latest bot of a harness."""

    def __init__(self, harness: Harness) -> None:
        self._stage = harness
        self.address = harness.wait_for(self._found)

    def get(self, path: str, method: str = "GET") -> tuple[int, str]:
        """Return status and text."""
        request = Request(f"{self.address}{path}", method=method)  # noqa: S310 - our own program
        try:
            with urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
                return answer.status, answer.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def readiness(self) -> Json:
        """Return what /readyz says."""
        said: Json = json.loads(self.get("/readyz")[1])
        return said

    def samples(self) -> dict[str, float]:
        """Return every sample of /metrics by its name and labels."""
        lines = (line for line in self.get("/metrics")[1].splitlines() if not line.startswith("#"))
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}

    def _found(self) -> str | None:
        found = re.search(r'"address": "(http://(?:127\.0\.0\.1|\[::1\]):\d+)"', self._stage.log())
        return found[1] if found else None


@pytest.fixture
def pages(fresh_harness: Harness) -> Pages:
    fresh_harness.start_bot(health__address="127.0.0.1:0")
    return Pages(fresh_harness)


def test_a_bot_that_is_connected_is_alive_and_ready(fresh_harness: Harness, pages: Pages) -> None:
    fresh_harness.wait_for(lambda: pages.get("/readyz")[0] == 200)

    assert pages.get("/healthz") == (200, "alive\n")
    assert pages.readiness() == {"is_ready": True, "slack": "ok", "store": "ok", "sites": {"PS1": "ok"}, "waiting": []}
    assert pages.get("/readyz", "HEAD") == (200, "")
    assert pages.get("/metrics", "HEAD") == (200, "")
    assert pages.get("/elsewhere") == (404, "There is only /healthz, /readyz, /metrics here.\n")


def test_a_bot_that_says_it_is_ready_does_not_call_its_store_away(pages: Pages) -> None:
    assert pages.readiness()["store"] == "ok"
    assert pages.samples()["pkgstatus_store_up"] == 1


def test_without_slack_it_lives_and_is_not_ready(fresh_harness: Harness, pages: Pages) -> None:
    fresh_harness.wait_for(lambda: pages.get("/readyz")[0] == 200)
    fresh_harness.faults("apps.connections.open", status=500, times=1000)
    fresh_harness.socket("drop")

    fresh_harness.wait_for(lambda: pages.get("/readyz")[0] == 503, PATIENCE)

    assert pages.readiness()["slack"] == "not connected"
    assert pages.samples()["pkgstatus_connected"] == 0
    assert pages.get("/healthz")[0] == 200


@needs_postgresql
def test_without_its_store_it_lives_is_not_ready_and_is_again_when_the_store_is_back(tmp_path: Path) -> None:
    with harness_on("postgresql", tmp_path, "health") as harness:
        harness.start_bot(health__address="127.0.0.1:0")
        pages = Pages(harness)
        harness.wait_for(lambda: pages.get("/readyz")[0] == 200)

        with closed(harness.settings["PKGSTATUS_STORE"]):
            harness.wait_for(lambda: pages.get("/readyz")[0] == 503, PATIENCE)
            assert pages.readiness()["store"] in {"unreachable", "login"}
            assert pages.samples()["pkgstatus_store_up"] == 0
            assert pages.get("/healthz")[0] == 200

        harness.wait_for(lambda: pages.get("/readyz")[0] == 200, PATIENCE)


def test_without_its_site_it_is_ready_and_says_which_one_is_away(fresh_harness: Harness, pages: Pages) -> None:
    fresh_harness.site.unlink()
    fresh_harness.ask("ada", "PS100112")

    fresh_harness.wait_for(lambda: pages.get("/readyz")[0] == 200)

    assert pages.readiness()["sites"] == {"PS1": "unreachable"}
    assert pages.samples()['pkgstatus_site_up{site="PS1"}'] == 0


def test_the_metrics_count_what_people_did(fresh_harness: Harness, pages: Pages) -> None:
    fresh_harness.ask("ada", "PS100112")
    fresh_harness.ask("gus", "PS100112")
    fresh_harness.ask("gus", "PS100112")
    fresh_harness.wait_for(lambda: pages.samples()["pkgstatus_work_unfinished"] == 0)
    fresh_harness.wait_for(lambda: pages.samples()["pkgstatus_store_up"] == 1)

    found = pages.samples()

    assert found["pkgstatus_connected"] == 1
    assert 0 <= found["pkgstatus_pong_age_seconds"] < 60
    assert found["pkgstatus_ack_seconds_count"] == 3
    assert found['pkgstatus_ack_seconds_bucket{le="+Inf"}'] == 3
    assert found["pkgstatus_answer_seconds_count"] == 3
    assert found['pkgstatus_refusals_total{reason="guest"}'] == 2
    assert found['pkgstatus_requests{state="pending"}'] == 0
    assert "pkgstatus_outbox_lag_seconds" in found
    fresh_harness.wait_for(lambda: pages.samples()["pkgstatus_outbox_waiting"] == 0, PATIENCE)


def test_the_metrics_tell_how_old_a_scan_is_and_what_it_found(fresh_harness: Harness, pages: Pages) -> None:
    age = 'pkgstatus_scan_age_seconds{site="PS1"}'
    fresh_harness.wait_for(lambda: age in pages.samples(), PATIENCE)
    found = pages.samples()

    assert 0 <= found[age] < PATIENCE
    rows = {name: count for name, count in found.items() if name.startswith("pkgstatus_rows{")}
    (all_rows,) = read(f"sqlite:///{fresh_harness.site}", "SELECT COUNT(*) FROM dbo.PkgStatus")[0]
    assert rows['pkgstatus_rows{class="DP behind",site="PS1"}'] > 0
    assert 0 < sum(rows.values()) < all_rows


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_port_that_is_taken_is_said_and_people_are_answered_all_the_same(fresh_harness: Harness, taken: int) -> None:
    fresh_harness.start_bot(health__address=f"127.0.0.1:{taken}")

    assert fresh_harness.ask("ada", "PS100112")["text"].startswith("PS100112 ")
    said = next(line for line in fresh_harness.log().splitlines() if "health cannot be served" in line)
    assert json.loads(said)["address"] == f"127.0.0.1:{taken}"


def has_ipv6() -> bool:
    """Whether this machine has an address ::1; a container may have none."""
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


def test_the_pages_are_served_at_an_ipv6_address_too(fresh_harness: Harness) -> None:
    fresh_harness.start_bot(health__address="[::1]:0")

    if has_ipv6():
        assert Pages(fresh_harness).get("/healthz") == (200, "alive\n")
    else:
        said = fresh_harness.wait_for(lambda: re.search('.*"health cannot be served".*', fresh_harness.log()))
        assert json.loads(said[0])["address"] == "[::1]:0"


def test_every_query_of_the_dashboard_names_a_metric_that_the_bot_has(fresh_harness: Harness, pages: Pages) -> None:
    fresh_harness.ask("gus", "PS100112")
    fresh_harness.wait_for(lambda: pages.samples()["pkgstatus_store_up"] == 1)
    text = pages.get("/metrics")[1]
    # A metric without a sample yet, like the age of a scan before the first one, is there with its meaning.
    families = dict(re.findall(r"^# TYPE (\w+) (\w+)", text, re.MULTILINE))
    ends = {"histogram": ("_bucket", "_sum", "_count"), "gauge": ("",), "counter": ("",)}
    known = {name + end for name, kind in families.items() for end in ends[kind]}

    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))

    queries = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    asked = {name for query in queries for name in re.findall(r"pkgstatus_\w+", query)}
    assert len(queries) >= 12
    assert asked - known == set()
    metrics = {re.sub(r"_(bucket|sum|count)$", "", name) if "seconds" in name else name for name in asked}
    assert set(families) - metrics == {"pkgstatus_info"}
