"""Cards on their way: drawn from what is true now, never twice alive, and waiting for as long as Slack refuses them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from bot.domain.refusal import Reason
from bot.usecases.audit.outbox_relay import MAX_PAUSE_SECONDS, OutboxRelay
from bot.usecases.audit.undelivered import Undelivered
from bot.usecases.ports.slack import OutboundMessage, Posted, PostError, PostErrorKind
from bot.usecases.ports.store import CARD, REPLACED, Delivery
from bot.usecases.resets.cards import CardMessages, CardTexts
from bot.usecases.resets.request_repository import CARD_POSTED, CARD_REDRAWN, CARD_REFUSED, CARD_REPLACED
from bot.usecases.resets.voting import CardClick, VoteService
from tests.fakes import ADA, GRACE
from tests.store.drafts import draft
from tests.usecases.channels import RENDERER, FakeSlack, Time, let_pass

if TYPE_CHECKING:
    from bot.domain.ledger_entry import Entry
    from bot.domain.request import Request
    from tests.usecases.reset_harness import ResetHarness

APPROVALS = "C0APPROVALS"
BUTTONS = " with buttons"


def words(form: str = "") -> CardTexts:
    return CardTexts(
        draw=lambda drawn, _freeze: (
            {"text": f"{drawn.id} {drawn.stage}{form}{BUTTONS}"},
            {"text": f"{drawn.id} {drawn.stage}{form}"},
        ),
        announce=lambda drawn, _card: {"text": f"{drawn.id} waits"},
        replaced=lambda drawn, _card: {"text": f"{drawn.id} replaced"},
        refused=lambda drawn, card, reason: {"text": f"{drawn.id} {'has' if card else 'no'} card: {reason}"},
    )


@dataclass
class Office:
    """A reset harness with its relay, a Slack, and a ladder of forms for cards."""

    harness: ResetHarness
    forms: list[str] = field(default_factory=lambda: [" as table", " as text"])
    holds: bool = True
    gives_tables_back: bool = True

    def __post_init__(self) -> None:
        self.time = Time()
        self.slack = FakeSlack(self.time)
        self.cards = CardMessages(
            self.harness.requests,
            self.harness.freeze_service,
            replace(words(), draw=lambda drawn, freeze: words(self.forms[0]).draw(drawn, freeze)),
            lambda _posted: "https://contoso.slack.com/card",
            self._simpler,
            lambda: self.holds,
            self._no_tables,
            lambda payload: self.gives_tables_back or "as table" not in payload["text"],
        )
        renderer = replace(
            RENDERER,
            notice=self.cards.outbound,
            subject=self.cards.subject,
            is_drawn_from_state=lambda payload: CARD in payload,
        )
        self.relay = OutboxRelay(
            self.harness.store.outbox,
            self.harness.store.ledger,
            self.harness.store.leases,
            self.slack,
            renderer,
            self.time,
        )

    def _no_tables(self) -> None:
        self.forms[:] = [" as text"]

    def _simpler(self) -> bool:
        if len(self.forms) > 1:
            self.forms.pop(0)
            return True
        return False

    def ask(self, *hosts: str) -> Request:
        """Ask without placing the card."""
        found = self.harness.submission.ask(
            self.harness.actor(ADA), self.harness.selection(*hosts), self.harness.click()
        )
        assert not isinstance(found, tuple)
        return found  # type: ignore[return-value]

    def outbound(self, payload: dict[str, Any]) -> OutboundMessage | None:
        """Return the letter of a notice of the newest entry."""
        entry = self.harness.store.ledger.entry(self.harness.store.ledger.head().sequence)
        assert entry
        return self.cards.outbound(delivery_of(payload, entry))

    def kinds(self, request: Request) -> list[str]:
        """Return what was recorded of a card."""
        return [entry.kind for entry in self.harness.store.ledger.stream(f"card {request.id}")]

    def pass_(self, seconds: float) -> None:
        """Let the relay work for a while."""
        let_pass(self.relay, self.time, seconds)


def delivery_of(payload: dict[str, Any], entry: Entry) -> Delivery:
    return Delivery(1, APPROVALS, payload, entry)


@pytest.fixture
def office(harness: ResetHarness) -> Office:
    return Office(harness)


def asked_again(harness: ResetHarness, request: Request) -> int:
    """Count how often the card of a request is still to be drawn."""
    return [each.payload for each in harness.store.outbox.pending(APPROVALS)].count({CARD: request.id})


def test_a_card_whose_rows_did_not_come_back_with_a_press_is_drawn_without_a_table(office: Office) -> None:
    request = office.ask()
    office.pass_(5)
    posted = office.slack.texts(APPROVALS)[-1]
    assert "as table" in str(posted)

    office.harness.requests.redraw(request, Reason.ROWS_WITHHELD)

    outbound = office.outbound({CARD: request.id})
    assert outbound
    assert "as text" in str(outbound.payload)


def test_a_card_that_slack_does_not_give_back_is_drawn_once_more_while_it_takes_votes(office: Office) -> None:
    office.gives_tables_back = False
    request = office.ask()

    office.pass_(5)

    card = office.harness.requests.index.card(request.id)
    assert card
    assert "as text" in str(office.slack.texts(f"{APPROVALS} {card.ts}")[-1])
    assert office.kinds(request) == [CARD_POSTED, CARD_REDRAWN]


@pytest.mark.parametrize(("holds", "more"), [(True, 0), (False, 1)], ids=["nobody else delivers", "taken for dead"])
def test_a_card_that_was_sent_by_a_process_taken_for_dead_is_drawn_again(
    office: Office,
    holds: bool,  # noqa: FBT001 - a parameter
    more: int,
) -> None:
    harness = office.harness
    request = harness.approved()
    office.holds = holds
    outbound = office.outbound({CARD: request.id})
    assert outbound
    assert outbound.replaces == Posted(APPROVALS, request.id)
    harness.executor.run_pending()
    before = asked_again(harness, request)

    outbound.sent(outbound.replaces)

    assert asked_again(harness, request) == before + more
    again = office.outbound({CARD: request.id})
    assert again
    assert again.payload == {"text": f"{request.id} applied as table{BUTTONS}"}


def test_a_post_whose_answer_is_lost_leaves_nothing_that_can_be_pressed(office: Office) -> None:
    request = office.ask()
    office.slack.fail(APPROVALS, PostErrorKind.UNREACHABLE, after_effect=True)

    office.pass_(10)

    drawn = f"{request.id} pending as table"
    assert office.slack.texts(APPROVALS) == [drawn, drawn]
    card = office.harness.requests.index.card(request.id)
    assert card
    assert office.slack.texts(f"{APPROVALS} {card.ts}") == [f"{drawn}{BUTTONS}"]
    assert office.kinds(request) == [CARD_POSTED]


def test_a_card_goes_down_its_forms_then_waits_and_its_requester_is_told_once(office: Office) -> None:
    request = office.ask()
    office.slack.poison = lambda text: f"{request.id} pending" in text

    office.pass_(200)

    assert office.forms == [" as text"]
    assert office.slack.texts(APPROVALS) == []
    assert office.slack.texts(ADA.id) == [f"{request.id} no card: invalid_blocks"]
    assert office.kinds(request) == [CARD_REFUSED]
    tries = office.slack.tried[APPROVALS]
    assert 8 <= len(tries) <= 12
    assert tries[-1] - tries[-2] >= MAX_PAUSE_SECONDS

    office.slack.poison = lambda _text: False
    office.pass_(MAX_PAUSE_SECONDS + 5)

    assert office.slack.texts(APPROVALS) == [f"{request.id} pending as text"]
    assert office.kinds(request) == [CARD_REFUSED, CARD_POSTED]
    assert office.slack.texts(ADA.id)[1:] == [f"{request.id} waits"]


def test_a_card_that_slack_does_not_take_holds_up_no_other(office: Office) -> None:
    first = office.ask("NYC-DP03")
    office.slack.poison = lambda text: f"{first.id} pending" in text
    office.pass_(5)
    office.harness.store.ledger.append_all([draft() for _ in range(200)])
    second = office.ask("NYC-DP04")

    office.pass_(5)

    assert any(text.startswith(second.id) for text in office.slack.texts(APPROVALS))
    assert office.harness.requests.index.card(first.id) is None


@pytest.mark.parametrize("trouble", [PostErrorKind.CHANNEL, PostErrorKind.DENIED])
def test_a_channel_that_takes_nothing_is_told_to_everybody_who_waits_for_it(
    office: Office, trouble: PostErrorKind
) -> None:
    first = office.ask("NYC-DP03")
    office.slack.fail(APPROVALS, trouble, times=4)
    office.pass_(2)
    second = office.ask("NYC-DP04")

    office.pass_(2)

    for request in (first, second):
        assert office.kinds(request) == [CARD_REFUSED]
    told = office.slack.texts(ADA.id)
    assert told == [f"{each.id} no card: a fault that the test wants" for each in (first, second)]
    waiting = Undelivered(office.harness.store.outbox, office.harness.store.ledger, [APPROVALS]).look()
    assert [(each.name, each.reason) for each in waiting] == [
        (each.id, "a fault that the test wants") for each in (first, second)
    ]
    office.pass_(60)
    assert [office.kinds(each) for each in (first, second)] == [[CARD_REFUSED, CARD_POSTED]] * 2
    assert Undelivered(office.harness.store.outbox, office.harness.store.ledger, [APPROVALS]).look() == ()


def test_an_error_that_nobody_knows_is_told_too(office: Office) -> None:
    request = office.ask()
    office.slack.fail(APPROVALS, PostErrorKind.UNKNOWN, times=5)

    office.pass_(5)

    assert office.kinds(request) == [CARD_REFUSED]


def test_a_request_that_ended_before_it_had_a_card_gets_none(office: Office) -> None:
    request = office.ask()
    office.slack.fail(APPROVALS, PostErrorKind.CHANNEL, times=2)
    office.pass_(1)
    vote_service = VoteService(office.harness.requests, office.harness.eligibility)

    vote_service.withdraw_own(office.harness.actor(ADA), request.id, office.harness.click())
    office.pass_(60)

    assert office.slack.texts(APPROVALS) == []
    assert office.harness.store.outbox.notices(APPROVALS) == []


def test_an_edit_that_slack_refuses_is_told_and_tried_again(office: Office) -> None:
    request = office.ask()
    office.pass_(5)
    edits = Refusing(office.slack, times=5)
    office.relay.sender = edits

    office.harness.freeze_service.freeze(office.harness.actor(GRACE), "a reason to draw it again", "click")
    office.pass_(60)

    assert office.kinds(request) == [CARD_POSTED, CARD_REFUSED, CARD_POSTED]
    assert office.slack.texts(ADA.id)[1:] == [f"{request.id} has card: msg_blocks_too_long"]


def test_a_card_that_was_posted_anew_leaves_a_note_where_the_old_one_was(office: Office) -> None:
    request = office.ask()
    office.pass_(5)
    old = office.harness.requests.index.card(request.id)
    assert old
    office.slack.forget_once(Posted(APPROVALS, old.ts))

    office.harness.freeze_service.freeze(office.harness.actor(GRACE), "a reason to draw it again", "click")
    office.pass_(10)

    assert office.slack.texts(f"{APPROVALS} {old.ts}")[-1] == f"{request.id} replaced"


def test_a_click_on_an_old_card_is_refused_with_the_way_to_the_new_one_and_the_old_one_is_redrawn(
    office: Office,
) -> None:
    request = office.ask("NYC-DP03")
    office.pass_(5)
    harness = office.harness
    vote_service = VoteService(harness.requests, harness.eligibility)
    second = office.ask("NYC-DP04")
    office.pass_(5)
    other = harness.requests.index.card(second.id)
    assert other

    def refused(channel: str, ts: str) -> str:
        pressed = CardClick(
            harness.actor(GRACE), request.id, request.plan.fingerprint, channel, ts, harness.click(), {}
        )
        refusal = vote_service.check_card(pressed)
        assert refusal
        return refusal.link

    links = {refused(APPROVALS, "1.5"), refused("C0AUDIT", "1.5"), refused(APPROVALS, other.ts)}

    assert links == {"https://contoso.slack.com/card"}
    assert office.kinds(request) == [CARD_POSTED, CARD_REPLACED]
    office.pass_(5)
    assert office.slack.texts(f"{APPROVALS} 1.5") == [f"{request.id} replaced"]
    assert office.slack.texts(f"{APPROVALS} {other.ts}")[-1].endswith(BUTTONS), "another request's card stays"


def test_the_newest_card_is_never_redrawn_as_replaced(office: Office) -> None:
    request = office.ask()
    office.pass_(5)
    card = office.harness.requests.index.card(request.id)
    assert card

    assert office.outbound({REPLACED: request.id, "ts": card.ts}) is None


class Refusing:
    """A Slack that refuses edits a few times."""

    def __init__(self, slack: FakeSlack, times: int) -> None:
        self._slack, self._times = slack, times

    def post(self, destination: str, payload: Any) -> Posted:
        return self._slack.post(destination, payload)

    def replace(self, posted: Posted, payload: Any) -> bool:
        if self._times:
            self._times -= 1
            raise PostError(PostErrorKind.REFUSED, "msg_blocks_too_long")
        return self._slack.replace(posted, payload)
