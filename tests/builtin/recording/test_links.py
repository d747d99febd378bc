# SPDX-License-Identifier: Apache-2.0
"""Signed links for objects that the host serves."""

import pytest

from podium.core import OperationError
from podium.plugins.recording.storage.links import check_untrusted, sign

KEY = bytes(range(32))
GOOD = sign(KEY, "class/one.mp4", 1_000)


def test_a_link_holds_until_it_expires() -> None:
    check_untrusted(KEY, "class/one.mp4", GOOD, 999.9)
    with pytest.raises(OperationError, match="ask for another one") as over:
        check_untrusted(KEY, "class/one.mp4", GOOD, 1_000)
    assert (over.value.code, over.value.kind) == ("link_over", "forbidden")


@pytest.mark.parametrize(
    ("key", "name", "signature"),
    [
        (bytes(32), "class/one.mp4", GOOD),
        (KEY, "class/two.mp4", GOOD),
        (KEY, "class/one.mp4", GOOD.replace("3e8.", "3e9.")),
        (KEY, "class/one.mp4", f"0{GOOD}"),
        (KEY, "class/one.mp4", f" {GOOD}"),
        (KEY, "class/one.mp4", GOOD[:-1]),
        (KEY, "class/one.mp4", f"{GOOD}="),
        (KEY, "class/one.mp4", GOOD * 5),
        (KEY, "class/one.mp4", ""),
        (KEY, "class/one.mp4", "."),
        (KEY, "class/one.mp4", "0."),
        (KEY, "class/one.mp4", "ä.\udcff"),
        (KEY, "class/one.mp4\udcff", GOOD),
    ],
)
def test_what_was_not_given_out_is_refused(key: bytes, name: str, signature: str) -> None:
    with pytest.raises(OperationError) as refused:
        check_untrusted(key, name, signature, 0)
    assert refused.value.code == "link_invalid"


def test_keys_are_long_enough() -> None:
    with pytest.raises(ValueError, match="at least 32 bytes"):
        sign(b"short", "a", 1)
    with pytest.raises(ValueError, match="after 1970"):
        sign(KEY, "a", -1)
