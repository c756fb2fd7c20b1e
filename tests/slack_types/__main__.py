"""Check what the bot draws against Slack's own types with TypeScript: `python -m tests.slack_types [FOLDER]`.

Reads the snapshots of tests/views, and what tests recorded in FOLDER (see tests/payloads.py). Installs what
.ci/slack-types pins into a temporary folder with npm. Prints the counts. Exit code 0: all of it is as Slack's types
say. 1: something is not, or a type that was missing has arrived. 2: that cannot be told.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from tests.slack_types.judging import KINDS, MISSING, WRONG, Payload, arrivals, constants, distinct, errors, read

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).parents[2]
PINS = ROOT / ".ci" / "slack-types" / "package.json"
SNAPSHOTS = ROOT / "tests" / "views" / "snapshots"
NPM = ("install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund", "--silent")
TSC = ("--strict", "--noEmit", "--skipLibCheck", "--pretty", "false", "--types", "", "--target", "esnext")


def payloads(folders: Sequence[str]) -> Iterator[Payload]:
    """Yield what the snapshots hold and what was recorded."""
    for path in sorted(SNAPSHOTS.glob("*.json")):
        yield from read(json.loads(path.read_text(encoding="utf-8")), path.name)
    for path in sorted(path for folder in folders for path in Path(folder).glob("*.jsonl")):
        for document in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
            yield from read(document, document["from"])


def compiled(modules: dict[str, str]) -> str:
    """Return what the compiler prints of these modules. Raises OSError or CalledProcessError where it cannot run."""
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError("npm is not installed")
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy2(PINS, folder)
        subprocess.run([npm, *NPM], cwd=folder, check=True)
        for name, text in modules.items():
            (Path(folder) / f"{name}.ts").write_text(text, encoding="utf-8")
        command = [f"{folder}/node_modules/.bin/tsc", *TSC, *(f"{name}.ts" for name in modules)]
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        return run.stdout + run.stderr


def main(folders: Sequence[str]) -> int:
    """Judge all of it and return the exit code."""
    started = time.monotonic()
    every = list(payloads(folders))
    kinds = Counter(payload.kind for payload in every)
    if folders and set(kinds) != set(KINDS):
        return _say(f"Of {', '.join(sorted(set(KINDS) - set(kinds)))} nothing was recorded in {' '.join(folders)}.", 2)
    judged = distinct(every)
    modules = {
        "payloads": constants((payload.kind, payload.content) for payload in judged),
        "wrong": constants(WRONG),
        "arrivals": arrivals(),
    }
    try:
        printed = compiled(modules)
    except (OSError, subprocess.CalledProcessError) as error:
        return _say(f"Slack's types cannot be asked: {error}", 2)
    passed = set(range(len(WRONG))) - set(errors(printed, "wrong"))
    if passed:
        return _say(f"The judge lets pass what is wrong: {[WRONG[place] for place in sorted(passed)]}\n{printed}", 2)
    arrived = [
        f"{MISSING[place]} has arrived in @slack/types: take it off MISSING" for place in errors(printed, "arrivals")
    ]
    faults = [
        f"{judged[place].source}: {judged[place].kind} {said}\n  {json.dumps(judged[place].content)[:2000]}"
        for place, said in sorted(errors(printed, "payloads").items())
    ]
    for line in arrived + faults:
        _say(line, 1)
    counts = ", ".join(f"{kind} {kinds[kind]}" for kind in KINDS)
    _say(f"{len(every)} payloads ({counts}) of {len(judged)} shapes, {len(faults)} not as Slack's types say", 0)
    took = f"in {time.monotonic() - started:.0f} s"
    code = int(bool(arrived + faults))
    return _say(f"{len(WRONG)} wrong ones caught of {len(WRONG)}; not judged: {', '.join(MISSING)}; {took}", code)


def _say(text: str, code: int) -> int:
    print(text, flush=True)  # noqa: T201 - its output is its purpose
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
