"""Site databases for the suites of this folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engines import ENGINES
from tests.site.makers import SiteMaker, make

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=ENGINES)
def maker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SiteMaker]:
    """Return an empty site database, on every engine."""
    yield from make(request.param, tmp_path)
