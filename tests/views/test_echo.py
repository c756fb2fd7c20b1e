"""A card against its echo in a click: Slack's own spelling is no difference, and every lie is one."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from bot.slack.answers import payload_of
from bot.views import request_card
from bot.views.echo import Face, kinds_in
from bot.views.tables import Form
from tests.requests import asked, plan, plan_row

if TYPE_CHECKING:
    from collections.abc import Callable

Json = dict[str, Any]
REASON = "R&D <b> :-) cm01.contoso.com & http://x/y 🚀 ~urgent~ a &amp; b"


def drawn(form: Form = Form.DATA_TABLE) -> Json:
    card = asked(reason=REASON, plan=plan(plan_row(), plan_row("NYC-DP04")))
    return payload_of(request_card.draw(card, "<!subteam^S1>, <@U1>", "", form))


def plainly() -> Json:
    return payload_of(request_card.draw_plain(asked(reason=REASON), ""))


def is_shown(ours: Json, echo: Json, returned: frozenset[str] = frozenset()) -> bool:
    return Face.of(ours).is_shown_by(Face.of(echo), returned)


def respelled(message: Json, *pairs: tuple[str, str]) -> Json:
    text = json.dumps(message, ensure_ascii=False)
    for old, new in pairs:
        text = text.replace(old, new)
    found: Json = json.loads(text)
    return found


def as_slack_gives_it_back(message: Json) -> Json:
    """Return a message with ids of blocks, emoji by name, labels on mentions, links, and keys in another order."""
    echo = respelled(
        message,
        ("🟡", ":large_yellow_circle:"),
        ("🚀", ":rocket:"),
        ("<@U1>", "<@U1|ada>"),
        ("<!subteam^S1>", "<!subteam^S1|@approvers>"),
        ("cm01.contoso.com", "<http://cm01.contoso.com|cm01.contoso.com>"),
    )
    echo["blocks"] = [
        {"block_id": f"b{number}", **dict(reversed(block.items()))} for number, block in enumerate(echo["blocks"])
    ]
    return echo | {"type": "message", "user": "U0BOT", "bot_id": "B1", "attachments": [], "files": []}


def escaped(message: Json) -> Json:
    """Return a message whose plain texts are escaped, as Slack does."""

    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            inner = {name: walk(part) for name, part in value.items()}
            if inner.get("type") == "plain_text":
                inner["text"] = inner["text"].replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
                inner["emoji"] = True
            return inner
        return [walk(part) for part in value] if isinstance(value, list) else value

    found: Json = walk(message)
    return found


CARDS = [*map(drawn, Form), plainly()]


@pytest.mark.parametrize("card", CARDS, ids=[*Form, "plain"])
@pytest.mark.parametrize("spelling", [deepcopy, as_slack_gives_it_back, escaped])
def test_a_card_is_known_again_in_slack_s_spelling(card: Json, spelling: Callable[[Json], Json]) -> None:
    assert is_shown(card, spelling(card))


def test_a_table_that_slack_moves_into_an_attachment_or_gives_other_cells_is_still_the_table() -> None:
    card = drawn(Form.TABLE)
    (table,) = (block for block in card["blocks"] if block["type"] == "table")
    rich = deepcopy(table)
    for row in rich["rows"]:
        for cell in row:
            inner = {"type": "rich_text_section", "elements": [{"type": "text", "text": cell["text"]}]}
            text = cell.pop("text")
            assert text
            cell |= {"type": "rich_text", "elements": [inner]}
    rest = [block for block in card["blocks"] if block is not table]
    attached = {"id": 1, "fallback": "[no preview available]", "blocks": [rich]}

    assert is_shown(card, card | {"blocks": rest, "attachments": [attached]}, frozenset({"table"}))


def test_a_table_may_be_missing_only_while_this_slack_was_not_seen_to_give_one_back() -> None:
    card = drawn()
    bare = card | {"blocks": [block for block in card["blocks"] if block["type"] != "data_table"]}
    opaque = card | {"blocks": [{"type": "data_table"} if b["type"] == "data_table" else b for b in card["blocks"]]}

    assert is_shown(card, bare)
    assert is_shown(card, opaque)
    assert not is_shown(card, bare, frozenset({"data_table"}))
    assert kinds_in(card) == {"data_table"}
    assert kinds_in(bare) == kinds_in(opaque) == set()


def test_pieces_of_a_rich_text_are_one_text() -> None:
    def rich(*pieces: Json) -> Json:
        inner = {"type": "rich_text_preformatted", "elements": list(pieces)}
        return {"text": "", "blocks": [{"type": "rich_text", "elements": [inner]}]}

    whole = rich({"type": "text", "text": "a <@U1> 🚀 http://x/y b"})
    pieces = rich(
        {"type": "text", "text": "a "},
        {"type": "user", "user_id": "U1"},
        {"type": "text", "text": " "},
        {"type": "emoji", "name": "rocket", "unicode": "1f680"},
        {"type": "text", "text": " "},
        {"type": "link", "url": "http://x/y"},
        {"type": "text", "text": " b"},
    )

    assert is_shown(whole, pieces)
    assert not is_shown(whole, rich({"type": "text", "text": "a b"}))


IMAGE: Json = {"type": "image", "image_url": "https://contoso.example/lie.png", "alt_text": "1 row"}
LIES: dict[str, Callable[[Json], Json]] = {
    "a picture": lambda card: card | {"blocks": [*card["blocks"], IMAGE]},
    "a picture beside a text": lambda card: card | {"blocks": [_beside(block) for block in card["blocks"]]},
    "a file": lambda card: card | {"files": [{"id": "F1"}]},
    "an attachment": lambda card: card | {"attachments": [{"text": "only a test"}]},
    "an attached block": lambda card: card | {"attachments": [{"blocks": [card["blocks"][1]]}]},
    "another order": lambda card: card | {"blocks": card["blocks"][::-1]},
    "another emoji more": lambda card: respelled(card, ("Asked by", ":white_check_mark: Asked by")),
    "other text": lambda card: card | {"text": "1 row"},
    "other mention": lambda card: respelled(card, ("<@U1>", "<@U2|ada>")),
    "other action": lambda card: respelled(card, ("request_reject", "request_withdraw")),
    "other dialog": lambda card: respelled(card, ("Approve this change?", "Look at the plan?")),
    "a button less": lambda card: card | {"blocks": [_shorter(block) for block in card["blocks"]]},
}


def _beside(block: Json) -> Json:
    return block | {"accessory": IMAGE} if block["type"] == "section" else block


def _shorter(block: Json) -> Json:
    return block | {"elements": block["elements"][:-1]} if block["type"] == "actions" else block


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
@pytest.mark.parametrize("form", Form)
def test_what_can_carry_a_lie_is_a_difference(form: Form, lie: Callable[[Json], Json]) -> None:
    card = drawn(form)
    told = lie(deepcopy(card))
    assert told != card

    assert not is_shown(card, told)


@pytest.mark.parametrize("form", [Form.DATA_TABLE, Form.TABLE])
def test_each_cell_and_each_row_of_a_table_counts(form: Form) -> None:
    card = drawn(form)
    (place,) = (number for number, block in enumerate(card["blocks"]) if "rows" in block)
    for row in range(len(card["blocks"][place]["rows"])):
        told = deepcopy(card)
        told["blocks"][place]["rows"][row][0]["text"] += "0"
        assert not is_shown(card, told)
        told = deepcopy(card)
        del told["blocks"][place]["rows"][row]
        assert not is_shown(card, told)
