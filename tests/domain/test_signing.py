"""The keyed mark: who has the key makes and knows it, who has not does neither."""

import hashlib
import json

import pytest

from bot.domain.signing import Signer

PARTS = ("request 1", "U1", "T1")


def test_a_mark_is_known_to_everybody_who_has_the_same_secret_for_the_same_purpose() -> None:
    mark = Signer.of("xapp-1", "votes").sign(*PARTS)

    assert Signer.of("xapp-1", "votes").verify(mark, *PARTS)
    assert not Signer.of("xapp-2", "votes").verify(mark, *PARTS)
    assert not Signer.of("xapp-1", "what came in").verify(mark, *PARTS)
    assert not Signer().verify(mark, *PARTS)


@pytest.mark.parametrize(
    "parts", [("request 2", "U1", "T1"), ("request 1", "T1", "U1"), ("request 1", "U1T1"), ("request 1U1", "", "T1")]
)
def test_a_mark_is_for_these_parts_in_this_order(parts: tuple[str, ...]) -> None:
    signer = Signer(b"key")

    assert not signer.verify(signer.sign(*PARTS), *parts)


@pytest.mark.parametrize("forged", ["", "\ud800", hashlib.sha256(json.dumps(PARTS).encode()).hexdigest()])
def test_what_can_be_written_without_the_key_is_no_mark(forged: str) -> None:
    assert not Signer(b"key").verify(forged, *PARTS)


def test_a_signet_does_not_show_its_key() -> None:
    assert "xapp" not in repr(Signer.of("xapp-1", "votes"))
    assert repr(Signer(b"key")) == "Signer()"
