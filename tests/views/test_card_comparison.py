"""A card against its echo in a click: Slack's own spelling is no difference, and every lie is one."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from bot.slack.responder import payload_of
from bot.views import request_card
from bot.views.card_comparison import MessageContent, tables_in
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


def is_shown(ours: Json, echo: Json) -> bool:
    return MessageContent.of(ours).matches(MessageContent.of(echo))


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

    assert is_shown(card, card | {"blocks": rest, "attachments": [attached]})


@pytest.mark.parametrize("form", [Form.DATA_TABLE, Form.TABLE])
def test_a_card_whose_table_does_not_come_back_is_not_the_card_and_is_told_apart_from_a_lie(form: Form) -> None:
    card = drawn(form)
    bare = card | {"blocks": [block for block in card["blocks"] if block["type"] != form]}
    opaque = card | {"blocks": [{"type": form} if b["type"] == form else b for b in card["blocks"]]}

    for echo in bare, opaque:
        assert not is_shown(card, echo)
        assert MessageContent.of(card).matches_without_rows(MessageContent.of(echo))
        lie = respelled(echo, ("PS100112", "PS100113"))
        assert not MessageContent.of(card).matches_without_rows(MessageContent.of(lie))
    assert not MessageContent.of(card).matches_without_rows(MessageContent.of(card))
    assert not MessageContent.of(drawn(Form.TEXT)).matches_without_rows(MessageContent.of(drawn(Form.TEXT)))
    assert tables_in(card) == {form}
    assert tables_in(bare) == tables_in(opaque) == set()


def test_a_message_without_any_block_is_no_card() -> None:
    """The button that was pressed stands in one."""
    for card in CARDS:
        assert not is_shown(card, {"text": card["text"]})


def said(text: str) -> Json:
    """Return a card with a foreign text, as the bot writes it."""
    return payload_of(request_card.draw(asked(reason=text), "<@U1>", "", Form.TEXT))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("see http://x/y now", "see <http://x/y> now"),
        ("see http://x/y now", "see <http://x/y|http://x/y> now"),
        ("see cm01.contoso.com now", "see <http://cm01.contoso.com|cm01.contoso.com> now"),
        ("see cm01.contoso.com now", "see <https://cm01.contoso.com/|cm01.contoso.com> now"),
        ("ask ada@contoso.com", "ask <mailto:ada@contoso.com|ada@contoso.com>"),
        ("done ✅ and ⚠️", "done :white_check_mark: and :warning:"),
        ("go 🚀👩‍💻 now", "go :rocket: :female-technologist: now"),
        ("up 👍🏽", "up :+1::skin-tone-4:"),
        ("no 1️⃣", "no :one:"),
    ],
)
def test_a_foreign_text_is_known_again(ours: str, theirs: str) -> None:
    assert is_shown(said(ours), respelled(said(ours), (ours, theirs)))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("see the change", "see <https://evil.example/|the change>"),
        ("see cm01.contoso.com", "see <https://evil.example/|cm01.contoso.com>"),
        ("see http://x/y", "see <http://x/z|http://x/y>"),
        ("ask &lt;@U2&gt;", "ask <@U2>"),
        ("ask &lt;https://evil.example/|me&gt;", "ask <https://evil.example/|me>"),
        ("done ✅", "done ❌"),
        ("done ✅", "done :x:"),
        ("done 🚀", "done 💣"),
        ("done 🚀", "done :x:"),
        ("done 🚀", "done"),
        ("done", "done :rocket:"),
        ("done :rocket: ✅", "done :bomb: ❌"),
    ],
)
def test_another_address_or_emoji_in_a_foreign_text_is_a_difference(ours: str, theirs: str) -> None:
    card = said(ours.replace("&lt;", "<").replace("&gt;", ">"))
    assert ours in str(card)

    assert not is_shown(card, respelled(card, (ours, theirs)))


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
    "another emoji of the bot's": lambda card: respelled(card, ("🟡", "🟢")),
    "another emoji by its name": lambda card: respelled(card, ("🟡", ":large_green_circle:")),
    "an emoji less": lambda card: respelled(card, ("🟡 ", "")),
    "an address under a word": lambda card: respelled(card, ("*Why*", "<https://evil.example/|*Why*>")),
    "the colour of a button": lambda card: respelled(card, ('"danger"', '"primary"')),
    "formatting where there is none": lambda card: card | {"blocks": [_formatted(block) for block in card["blocks"]]},
    "a footer": lambda card: card | {"attachments": [{"footer_icon": "https://x/", "ts": 1}]},
    "a video": lambda card: card | {"attachments": [{"video_html": "<iframe>"}]},
    "a button less": lambda card: card | {"blocks": [_shorter(block) for block in card["blocks"]]},
}


def _formatted(block: Json) -> Json:
    return block | {"text": block["text"] | {"type": "mrkdwn"}} if block["type"] == "header" else block


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


@pytest.mark.parametrize("change", [{"page_size": 1}, {"caption": "All rows"}], ids=str)
def test_what_hides_rows_of_a_table_counts(change: Json) -> None:
    card = drawn()
    told = card | {"blocks": [b | change if b["type"] == "data_table" else b for b in card["blocks"]]}
    with_extras = card | {"blocks": [_without(b, *change) if b["type"] == "data_table" else b for b in card["blocks"]]}

    assert not is_shown(card, told)
    assert is_shown(card, with_extras)


def _without(block: Json, *names: str) -> Json:
    return {name: part for name, part in block.items() if name not in names}
