"""A store that an earlier version wrote is read as it was meant: every name in it still stands for the same thing."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import closing
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest
from slack_sdk import WebClient

from bot.app.drift import DriftParts
from bot.app.factories import make_store
from bot.app.resets import ResetParts
from bot.demo.workspace import people
from bot.domain.ledger_entry import Head, moment_read
from bot.domain.lookup_result import SnapshotKey
from bot.domain.package import SiteCode
from bot.settings import load
from bot.slack.inbound import InboundRequest
from bot.usecases.access import Installation
from bot.usecases.audit.recorder import AuditLog
from bot.usecases.drift import digest_message
from bot.usecases.lookup.snapshots import SnapshotCache
from bot.usecases.ports.store import CARD, DIGEST, POSTED, THREAD
from bot.usecases.resets.request_repository import replay_requests
from tests.store.earlier_version import HEAD, NO_CARD, ONE_VOTE, STAGES, write_earlier_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bot.store import Store

PS1 = SiteCode("PS1")
APPROVALS, AUDIT, OPS = "C0APPROVALS", "C0SCCMAUDIT", "C0SCCMOPS"
DEAD = "contoso-bot-6122-e33c96ef"
TEAM, ADA, GRACE, LINUS = "T0CONTOSO", "U000000ADA", "U00000GRACE", "U00000LINUS"


class Opened:
    """The parts of this program over the earlier store, put together as a bot does it; nothing asks Slack."""

    def __init__(self) -> None:
        settings = load()
        self.store: Store = make_store(settings, "later")
        self.resets = ResetParts(settings, self.store, {}, {}, WebClient(), Installation(TEAM))
        self.drift = DriftParts(settings, self.store, AuditLog(self.store.ledger), self.resets, "@{}".format)

    def close(self) -> None:
        """Close the store."""
        self.store.close()


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opened]:
    file = tmp_path / "store.db"
    write_earlier_store(file)
    given = {
        "SLACK__BOT_TOKEN": people.BOT_TOKEN,
        "SLACK__APP_TOKEN": people.APP_TOKEN,
        "CHANNELS__APPROVALS": APPROVALS,
        "CHANNELS__AUDIT": AUDIT,
        "CHANNELS__DIGEST": OPS,
        "APPROVERS__GROUPS": '["S0APPROVERS"]',
        "DIGESTS": '[{"name": "daily", "cron": "19 6 * * *", "timezone": "Etc/UTC"}]',
        "SITES": json.dumps({PS1: {"database": f"sqlite:///{tmp_path}/site.db"}}),
        "STORE": f"sqlite:///{file}",
    }
    for name, text in given.items():
        monkeypatch.setenv(f"PKGSTATUS_{name}", text)
    with closing(Opened()) as opened:
        yield opened


def test_the_chain_holds_up_to_the_head_that_was_kept(opened: Opened) -> None:
    head = Head(*HEAD)

    assert opened.store.ledger.verify(head) is None
    assert opened.store.ledger.head() == head


def test_every_request_is_replayed_to_the_stage_it_was_at(opened: Opened) -> None:
    replayed = replay_requests(opened.store.ledger, STAGES)

    assert {request.id: str(request.stage) for request in replayed.found} == STAGES
    assert replayed.lost == ()
    for stage in {request.stage for request in replayed.found}:
        assert set(opened.resets.index.in_stages({stage})) == {
            each.id for each in replayed.found if each.stage is stage
        }


def test_a_request_is_replayed_with_all_that_was_recorded_of_it(opened: Opened) -> None:
    first, rejected, _, waiting, undone, undo, _, fresh = replay_requests(opened.store.ledger, STAGES).found

    assert [vote.user_id for vote in first.votes] == [GRACE, LINUS]
    assert [(row.server, row.version_before) for row in first.plan.rows] == [("LON-DP01.contoso.com", 7)]
    assert [first.applied_at, first.back] == [moment_read("2026-11-28T06:20:10.404821Z"), 1]
    assert first.cause == "4e74f66f"
    assert first.backup_table == "dbo.PkgStatus_BU"
    assert (rejected.decided_by, rejected.note) == (GRACE, "not during the rollout")
    assert [vote.user_id for vote in waiting.votes] == [GRACE]
    assert undo.undoes == undone.id
    assert (fresh.reason, fresh.ticket, fresh.votes) == ("second try", "CHG0001234", ())


def test_the_signatures_on_requests_votes_quorums_and_cards_are_the_bots_own(opened: Opened) -> None:
    requests = opened.resets.requests
    for request in replay_requests(opened.store.ledger, STAGES).found:
        assert requests.is_ours(request)
        assert requests.forgery(request) == ""
        if request.applied_at:
            assert requests.quorum_forgery(request) == ""
        assert (opened.resets.index.card(request.id) is None) == (request.id == NO_CARD)


def test_the_freeze_in_force_is_the_last_one(opened: Opened) -> None:
    freeze = opened.resets.freeze_service.now()

    assert freeze
    assert (freeze.user_id, freeze.why) == (LINUS, "second freeze: ticket CHG0005678")
    assert [bool(known) for known, _ in opened.resets.freeze_service.drawn()] == [True, False, True, False]


def test_what_slack_has_not_taken_is_ready_to_be_posted(opened: Opened) -> None:
    outbox = opened.store.outbox
    notices = [delivery for place in outbox.destinations() for delivery in outbox.notices(place)]

    assert all(delivery.is_ours and not delivery.trouble for delivery in notices)
    payloads = [delivery.payload for delivery in notices if delivery.payload]
    cards = {payload[CARD] for payload in payloads if CARD in payload}
    assert cards == {ONE_VOTE, NO_CARD, "bb0bf8f68890aab2"}
    sql = "SELECT payload FROM dbo.outbox WHERE payload IS NOT NULL"
    rows = opened.store.database.read(lambda connection: connection.query(sql))
    kinds = {next(iter(json.loads(payload.partition(" ")[2]))) for (payload,) in rows}
    assert kinds == {CARD, DIGEST, POSTED, THREAD, "text"}
    assert len(list(outbox.posts(AUDIT))) == HEAD[0]


def test_a_digest_that_waits_says_what_it_was_to_say(opened: Opened) -> None:
    waiting = [delivery.payload for delivery in opened.store.outbox.notices(OPS)]
    digest = digest_message.read((waiting[0] or {})[DIGEST], opened.store.ledger)

    assert digest.name == "daily"
    assert digest.summary.drifted == 106
    assert [request.id for request in digest.waiting] == [NO_CARD, ONE_VOTE]
    assert {request.id for request in digest.resets} <= STAGES.keys()
    assert digest.lost == ()


def test_the_digests_of_the_past_are_known_by_their_stream(opened: Opened) -> None:
    publisher = opened.drift.publisher
    entries = opened.store.ledger.stream(publisher.plans["daily"].stream)

    assert [entry.kind for entry in entries] == ["digest posted", "digest planned", "digest posted", "digest planned"]
    place = publisher.posted_location(entries[1])
    assert place
    assert place.channel == OPS
    assert publisher.posted_location(entries[3]) is None


def test_the_history_of_drift_is_whole(opened: Opened) -> None:
    history = opened.drift.history
    (seen,) = history.sites()

    assert (seen.site, seen.trouble) == (PS1, None)
    assert seen.scanned_at
    assert len(history.episodes(PS1)) >= 106
    assert len(history.days(PS1, date(2026, 11, 1))) == 14
    assert sum(group.count for group in history.groups(None)) >= 106
    assert history.names()[PS1, replay_requests(opened.store.ledger, STAGES).found[0].plan.package_id].startswith(
        "Boot"
    )


def test_what_a_dead_process_took_in_can_be_taken_over(opened: Opened) -> None:
    assert opened.store.inbox.holders() == [DEAD]
    (item,) = opened.store.inbox.claim(DEAD)

    assert item.is_ours
    inbound = InboundRequest.from_body(item.body)
    assert (inbound.kind, inbound.text, inbound.channel) == ("/pkgstatus", "PS100112 dp:SEA*", OPS)
    assert (inbound.user_id, inbound.team_id) == (ADA, TEAM)


def test_a_kept_answer_is_found_with_its_rows_and_classes(opened: Opened) -> None:
    key = SnapshotKey("1DYq2-6t1H4K")
    at = moment_read("2026-11-28T06:20:34.000000Z")
    answer = SnapshotCache(lambda: at, opened.store.snapshots).find(key)

    assert answer
    assert (answer.query, answer.site, answer.row_count) == ("PS100112 dp:NYC*", PS1, 41)
    assert answer.asker == ADA
    classes = Counter(str(verdict.drift_class) for verdict in (*answer.drift.sites, *answer.drift.dps))
    assert classes == {"in sync": 22, "site behind": 15, "DP behind": 2, "failed": 1, "reset": 1}
    assert answer.read_at == datetime(2026, 11, 28, 6, 20, 33, 354331, tzinfo=UTC)
    assert len(answer.since) == 19
