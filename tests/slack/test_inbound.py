"""What came in survives a restart as JSON, also into another version of the bot."""

from bot.slack.inbound import InboundRequest

COMMAND = InboundRequest("K1", "U000000ADA", "T0CONTOSO", "/pkgstatus", "unfreeze", freezes=2)


def test_a_stored_request_reads_as_it_was_delivered() -> None:
    assert InboundRequest.from_body(COMMAND.to_body()) == COMMAND


def test_a_field_that_only_a_newer_version_knows_is_left_out() -> None:
    assert InboundRequest.from_body({**COMMAND.to_body(), "colour": "green"}) == COMMAND


def test_a_field_that_an_older_version_did_not_know_is_unknown() -> None:
    kept = {name: value for name, value in COMMAND.to_body().items() if name != "freezes"}

    assert InboundRequest.from_body(kept).freezes is None
