# SPDX-License-Identifier: Apache-2.0
"""The protocol reference in docs/ says what the message types say."""

import runpy
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def test_the_protocol_page_is_fresh() -> None:
    expected = runpy.run_path(str(DOCS / "generate_protocol.py"))["page"]()
    assert (DOCS / "protocol.md").read_text(encoding="utf-8") == expected, "run python docs/generate_protocol.py"
