"""What the numbers and paths of a site database mean in words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.package import PACKAGE_TYPES, Row, parse_nal_path, status_name
from tests.builders import dp_row, nal_path, package, site_row

CLOUD = r'["Display=https://cmg.contoso.com/"]MSWNET:["SMS_SITE=PS1"]\\cmg.contoso.com' + "\\"
NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9.-]{0,40}", fullmatch=True)


@pytest.mark.parametrize(
    ("text", "server"),
    [
        pytest.param(nal_path("DP01.contoso.com"), "DP01.contoso.com", id="as the product writes it"),
        pytest.param(nal_path("DP01.contoso.com").lower(), "dp01.contoso.com", id="in lower case"),
        pytest.param(nal_path("DP01").removesuffix("\\"), "DP01", id="without the last backslash"),
        pytest.param(f"  {nal_path('DP01')}  ", "DP01", id="with blanks around it"),
        pytest.param(r'["Display=\\DP01\"] MSWNET:["SMS_SITE=PS1"]\\DP01' + "\\", "DP01", id="with a blank inside"),
        pytest.param(CLOUD, "cmg.contoso.com", id="a cloud DP, which is displayed as an address"),
        pytest.param("CM01.contoso.com", None, id="a plain server name"),
        pytest.param(r"\\HEL-NAS01\SMSPKGD$", None, id="a share"),
        pytest.param(
            r'["Display=\\DP01\D$\"]MSWNET:["SMS_SITE=PS1"]\\DP01\D$' + "\\", None, id="a share in a NAL path"
        ),
        pytest.param(r'["Display=\\DP01\"]MSWNET:["SMS_SITE="]\\DP01' + "\\", None, id="no site code"),
        pytest.param(r'["Display=\\DP01\"]MSWNET:["SMS_SITE=PS1"]' + "\\\\", None, id="no server"),
        pytest.param(nal_path("DP01") + "\nDP02", None, id="a second line"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_a_nal_path_names_its_server(text: str, server: str | None) -> None:
    assert parse_nal_path(text) == server


@given(NAMES, NAMES)
def test_every_server_name_is_found_in_its_nal_path(server: str, site: str) -> None:
    assert parse_nal_path(nal_path(server, site)) == server


@given(st.text())
def test_any_text_is_either_a_nal_path_or_not(text: str) -> None:
    server = parse_nal_path(text)

    assert server is None or server in text


def test_a_path_that_does_not_parse_is_shown_as_it_is() -> None:
    assert dp_row(server_path=r"\\HEL-NAS01\SMSPKGD$").server == r"\\HEL-NAS01\SMSPKGD$"


@pytest.mark.parametrize(
    ("row", "is_addressable"),
    [
        pytest.param(site_row(), True, id="a site row with a server name"),
        pytest.param(dp_row(), True, id="a DP row with a NAL path"),
        pytest.param(site_row(server_path=nal_path("CM01")), False, id="a site row with a NAL path"),
        pytest.param(dp_row(server_path="NYC-DP01.contoso.com"), False, id="a DP row with a server name"),
        pytest.param(site_row(server_path="  "), False, id="a site row with blanks"),
        pytest.param(dp_row(server_path=""), False, id="a DP row with nothing"),
        pytest.param(dp_row(server_path=CLOUD), False, id="a cloud DP"),
    ],
)
def test_a_row_is_addressable_only_in_the_form_its_type_demands(row: Row, is_addressable: bool) -> None:  # noqa: FBT001 - a table row
    assert row.is_addressable is is_addressable


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (0, "None"),
        (1, "Sent"),
        (2, "Received"),
        (3, "Installed"),
        (4, "Retry"),
        (5, "Failed"),
        (6, "Removed"),
        (7, "Pending remove"),
        (8, "Remove failed"),
        (9, "Retry remove"),
        (10, "unknown (10)"),
        (42, "unknown (42)"),
        (-1, "unknown (-1)"),
        (None, "unknown"),
    ],
)
def test_a_status_is_said_in_words_and_an_unknown_one_keeps_its_number(number: int | None, name: str) -> None:
    assert status_name(number) == name


@pytest.mark.parametrize(("number", "name"), [*PACKAGE_TYPES.items(), (512, "other (512)"), (None, "unknown type")])
def test_a_package_type_is_said_in_words(number: int | None, name: str) -> None:
    assert package(type_number=number).type_name == name


@pytest.mark.parametrize(
    ("changes", "needs_content"),
    [
        pytest.param({"source_flag": 2, "flags": 0}, True, id="direct source"),
        pytest.param({"source_flag": 1}, False, id="no source files"),
        pytest.param({"flags": 0x10000000}, False, id="needs no DP"),
        pytest.param({"flags": 0x14000000}, False, id="needs no DP, among other flags"),
        pytest.param({"flags": 0x04000000}, True, id="another flag"),
        pytest.param({"type_number": 4}, False, id="task sequence"),
        pytest.param({"source_flag": None, "flags": None, "type_number": None}, True, id="nothing known"),
    ],
)
def test_a_package_without_files_or_dp_needs_no_content(changes: dict[str, Any], needs_content: bool) -> None:  # noqa: FBT001 - a table row
    assert package(**changes).needs_content is needs_content
