"""Stages for front-door tests: one shared by a module, and a fresh one for tests that break things."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Yield a stage on which a bot with the demo's settings is connected; leave it as you found it."""
    with Stage(tmp_path_factory.mktemp("stage")) as stage:
        stage.start_bot()
        yield stage


@pytest.fixture
def fresh_stage(tmp_path: Path) -> Iterator[Stage]:
    """Yield a stage without a bot."""
    with Stage(tmp_path) as stage:
        yield stage
