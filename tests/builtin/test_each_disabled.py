# SPDX-License-Identifier: Apache-2.0
"""With each built-in plugin disabled in turn, the tests of all others pass: one run of pytest for each.

On SQLite only, since what is looked for is a plugin that misses another. With many plugins this takes minutes, so it
is a campaign: `pytest -m campaign tests/builtin`, a step of its own in CI.
"""

import subprocess
import sys

import pytest

from tests.builtin.shipped import ROOT, shipped


@pytest.mark.campaign
@pytest.mark.parametrize("name", shipped())
def test_the_others_pass_without_it(name: str) -> None:
    options = ["--without-plugin", name, "-k", "not postgresql", "-q", "-x", "-p", "no:cacheprovider"]
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/builtin", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-5000:] + result.stderr[-2000:]
    assert f"tests/builtin/{name}/" not in result.stdout
