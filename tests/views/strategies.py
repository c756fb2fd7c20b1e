"""Foreign text as it comes from databases and keyboards: injections, bidi controls, emoji, blanks, very long."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from bot.domain.package import Row, SiteCode
from tests.builders import LONG_AGO, ago, dp_row, kept, nal_path, package, points, site_row, table

if TYPE_CHECKING:
    from bot.domain.lookup_result import StoredAnswer

INJECTIONS = [
    "",
    " ",
    "<!channel>",
    "<@U0ADA>",
    "<https://evil.contoso.com|13 · in sync>",
    "&lt;!here&gt;",
    "*bold* _italic_ ~struck~ `code` ```block```",
    "> quote",
    "@here @channel #sccm-ops https://evil.contoso.com",
    "\u202egnp.exe\u202c",
    "\u2066\u2069\u200f\u061c",
    "\u200b\u200d\ufeff",
    "\x00\x07\x1b[31m\r\n\t",
    "\u2028\u2029\x85",
    "\U000e0041\ue000\U0010fffd",
    "日本語 言語パック",
    "👩‍👩‍👧‍👦 🎉",
    "Z͑ͫ̓a̴̵l̸g̷o",
    "&" * 400,
    "<" * 400,
    "W" * 5000,
    '=HYPERLINK("http://evil";"x")',
    "-1+1|cmd",
]
FOREIGN = st.sampled_from(INJECTIONS) | st.text(max_size=40)
NUMBERS = st.sampled_from([0, 7, 13, 14, None]) | st.integers(-(2**31), 2**31 - 1)
MOMENTS = st.sampled_from([None, LONG_AGO, ago(hours=1), ago(days=-30_000), ago(days=700_000)])
PATHS = FOREIGN | FOREIGN.map(nal_path)
ROWS = st.builds(
    Row,
    type_number=st.sampled_from([1, 2, 2, 2, 3]),
    site_code=st.sampled_from(["PS1", "P02", "P03"]).map(SiteCode) | FOREIGN.map(SiteCode),
    server_path=PATHS,
    held_version=NUMBERS,
    status_number=st.integers(0, 9) | NUMBERS,
    updated_at=MOMENTS,
    dp_known=st.sampled_from([True, True, False, None]),
    moved_to=st.none() | FOREIGN.map(SiteCode),
)
PACKAGES = st.builds(
    package,
    name=FOREIGN,
    version=st.none() | FOREIGN,
    manufacturer=st.none() | FOREIGN,
    source_site=st.none() | FOREIGN,
    source_version=NUMBERS,
    type_number=st.sampled_from([258, 4, 512, None]),
    changed_at=MOMENTS,
)


@st.composite
def answers(draw: st.DrawFn) -> StoredAnswer:
    """Return an answer over a few strange rows, many ordinary ones, or many that share something strange."""
    rows = [*draw(st.lists(ROWS, max_size=6)), site_row()]
    many = draw(st.sampled_from([0, 0, 1, 99, 100, 101, 250]))
    strange = draw(st.none() | PATHS)
    crowd = [
        row if strange is None else replace(row, server_path=f"{strange}{n}") for n, row in enumerate(points(many))
    ]
    return kept(table(*rows, *crowd, dp_row(), of=draw(PACKAGES), unread=("DistributionJobs",)))
