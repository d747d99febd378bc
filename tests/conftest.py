# SPDX-License-Identifier: Apache-2.0
"""What holds for all tests: property tests have no deadline, and a missing browser is said, not skipped."""

import os
import shutil

import hypothesis
import pytest

hypothesis.settings.register_profile("podium", deadline=None)
hypothesis.settings.register_profile("podium-ci", deadline=None, derandomize=True, database=None, print_blob=True)
hypothesis.settings.load_profile("podium-ci" if "CI" in os.environ else "podium")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail browser tests early, with the way out."""
    if item.get_closest_marker("browser") is not None and shutil.which("chromium") is None:
        pytest.fail("Chromium is missing: sudo apt-get install chromium (tox run as root does it)", pytrace=False)
