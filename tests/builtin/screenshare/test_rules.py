# SPDX-License-Identifier: Apache-2.0
"""Who may share, and what becomes of the others: every rule by every role."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from podium.core import ROLES
from podium.plugins.screenshare.rules import Refusal, Rules, may_share, over_the_limit, replaced_by
from podium.plugins.screenshare.share import Share

START = datetime(2027, 1, 11, 9, tzinfo=UTC)


def share(name: str, minute: int = 0) -> Share:
    return Share(f"share-{name}", "algebra", name.lower(), name, START + timedelta(minutes=minute), audio=False)


ADA, BEN = share("Ada", 1), share("Ben", 2)


def start(rules: Rules, role: str = "student", *others: Share, allowed: bool = False, takeover: bool = False) -> object:
    """Which shares end for a new one; the code where it is refused."""
    verdict = replaced_by(rules, 2, role, allowed=allowed, others=others, takeover=takeover)
    return verdict.code if isinstance(verdict, Refusal) else verdict


@pytest.mark.parametrize(
    ("who", "role", "allowed"), list(product(("leaders", "request", "everybody"), ROLES, (False, True)))
)
def test_who_may_share(who: str, role: str, allowed: bool) -> None:
    wanted = role in ("instructor", "assistant") or (role == "student" and (allowed or who == "everybody"))
    assert may_share(Rules(who=who), role, allowed=allowed) is wanted  # type: ignore[arg-type]  # from the table


def test_who_may_not_share_is_told_whether_asking_helps() -> None:
    assert start(Rules()) == "share_forbidden"
    assert start(Rules(who="request")) == "share_not_allowed"
    assert start(Rules(who="request"), allowed=True) == ()


def test_one_at_a_time_names_who_shares_and_is_replaced_on_request_only() -> None:
    verdict = replaced_by(Rules(), 2, "instructor", allowed=False, others=(ADA,), takeover=False)
    assert isinstance(verdict, Refusal)
    assert (verdict.kind, verdict.code) == ("conflict", "share_active")
    assert "Ada" in verdict.message
    assert start(Rules(), "instructor", ADA, takeover=True) == (ADA,)


@pytest.mark.parametrize(("takeover", "outcome"), [("leaders", "share_active"), ("everybody", (ADA,))])
def test_the_rules_say_who_replaces_others(takeover: str, outcome: object) -> None:
    rules = Rules(who="everybody", takeover=takeover)  # type: ignore[arg-type]  # from the table
    assert start(rules, "student", ADA, takeover=True) == outcome
    assert start(rules, "student", ADA) == "share_active"
    assert start(rules, "assistant", ADA, takeover=True) == (ADA,)


def test_several_share_until_there_are_enough() -> None:
    rules = Rules(who="everybody", mode="several")
    assert start(rules, "student", ADA) == ()
    assert start(rules, "student", ADA, BEN, takeover=True) == "shares_full"
    assert start(rules, "instructor", ADA, BEN, takeover=True) == "shares_full"


def test_the_latest_shares_stay_when_there_may_be_fewer() -> None:
    assert over_the_limit(Rules(mode="several"), 2, (BEN, ADA)) == ()
    assert over_the_limit(Rules(mode="one"), 2, (BEN, ADA)) == (ADA,)
    assert over_the_limit(Rules(), 2, ()) == ()
