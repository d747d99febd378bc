# SPDX-License-Identifier: Apache-2.0
"""A connection joins first and once, and too much of anything ends it."""

import json
from typing import Any

from podium.core.errors import PodiumError
from podium.hosts.web.conversation import JOIN_WITHIN, SILENCE_LIMIT, Conversation, Refusal
from podium.hosts.web.messages import Join, Leave, Mute, Offer, Ping

JOIN = json.dumps({"type": "Join", "session_id": "algebra", "display_name": "Ada"})
PING = '{"type": "Ping"}'


def refusal(got: Any) -> Refusal:
    assert isinstance(got, Refusal)
    return got


def joined() -> Conversation:
    conversation = Conversation(0.0)
    conversation.joined = True
    return conversation


def test_join_comes_first() -> None:
    conversation = Conversation(0.0)
    early = refusal(conversation.receive_untrusted('{"type": "Offer", "sdp": "v=0"}', 0.0))
    assert (early.error.code, early.error.about, early.close) == ("join_first", "Offer", None)
    assert isinstance(conversation.receive_untrusted(JOIN, 0.0), Join)


def test_pings_and_leave_need_no_join() -> None:
    conversation = Conversation(0.0)
    assert conversation.receive_untrusted(PING, 0.0) == Ping()
    assert conversation.receive_untrusted('{"type": "Leave"}', 0.0) == Leave()


def test_join_comes_once() -> None:
    again = refusal(joined().receive_untrusted(JOIN, 0.0))
    assert (again.error.code, again.error.about, again.close) == ("already_joined", "Join", None)


def test_a_fast_conversation_is_no_flood() -> None:
    conversation = joined()
    mute = '{"type": "Mute", "source": "camera", "muted": true}'
    assert all(isinstance(conversation.receive_untrusted(mute, n / 20), Mute) for n in range(2000))


def test_a_flood_of_messages_ends_the_connection() -> None:
    conversation = joined()
    answers = [conversation.receive_untrusted(PING, n / 1000) for n in range(300)]
    last = refusal(answers[-1])
    assert last.error.code == "too_many_messages"
    assert last.close is not None
    assert last.close.code == 1008


def test_offers_weigh_more_than_other_messages() -> None:
    conversation = joined()
    answers = [conversation.receive_untrusted('{"type": "Offer", "sdp": "v=0"}', 0.0) for _ in range(30)]
    accepted = [answer for answer in answers if isinstance(answer, Offer)]
    assert 5 <= len(accepted) < 20
    assert refusal(answers[-1]).close is not None


def test_a_few_errors_are_forgiven_and_many_are_not() -> None:
    conversation = joined()
    answers = [refusal(conversation.receive_untrusted("garbage", 0.0)) for _ in range(21)]
    assert {answer.close for answer in answers[:20]} == {None}
    assert answers[20].close is not None
    assert answers[20].close.code == 1008


def test_nobody_stays_without_joining() -> None:
    conversation = Conversation(0.0)
    conversation.receive_untrusted(PING, JOIN_WITHIN - 1)
    assert conversation.overdue(JOIN_WITHIN - 0.1) is None
    overdue = conversation.overdue(JOIN_WITHIN)
    assert overdue is not None
    assert overdue.code == 1008


def test_silence_ends_the_connection() -> None:
    conversation = joined()
    conversation.receive_untrusted(PING, 10.0)
    assert conversation.overdue(10.0 + SILENCE_LIMIT - 0.1) is None
    assert conversation.overdue(10.0 + SILENCE_LIMIT) is not None


def test_whoever_waits_may_ping_and_leave_and_nothing_else() -> None:
    conversation = Conversation(0.0)
    conversation.waiting = True
    assert conversation.receive_untrusted(PING, 0.0) == Ping()
    assert conversation.receive_untrusted('{"type": "Leave"}', 0.0) == Leave()
    assert refusal(conversation.receive_untrusted(JOIN, 0.0)).error.code == "already_joined"
    early = refusal(conversation.receive_untrusted('{"type": "Offer", "sdp": "v=0"}', 0.0))
    assert (early.error.code, early.error.about, early.close) == ("join_first", "Offer", None)


def test_one_may_wait_for_as_long_as_one_is_heard() -> None:
    conversation = Conversation(0.0)
    conversation.waiting = True
    conversation.receive_untrusted(PING, 1000.0)
    assert conversation.overdue(1000.0 + SILENCE_LIMIT - 0.1) is None
    overdue = conversation.overdue(1000.0 + SILENCE_LIMIT)
    assert overdue is not None
    assert overdue.code == 1001


def test_who_was_refused_after_waiting_has_time_to_try_again() -> None:
    conversation = Conversation(0.0)
    conversation.waiting = True
    answer = conversation.refuse_entry(PodiumError("refused", "not today"), "Join", 1000.0)
    assert (answer.error.code, answer.error.about, answer.close) == ("refused", "Join", None)
    conversation.receive_untrusted(PING, 1000.0)
    assert isinstance(conversation.receive_untrusted(JOIN, 1000.0), Join)
    assert conversation.overdue(1000.0 + JOIN_WITHIN - 0.1) is None
    assert conversation.overdue(1000.0 + JOIN_WITHIN) is not None


def test_refused_joins_do_not_prolong_the_time_without_one() -> None:
    conversation = Conversation(0.0)
    conversation.refuse_entry(PodiumError("name_invalid", "no such name"), "Join", JOIN_WITHIN - 1)
    assert conversation.overdue(JOIN_WITHIN) is not None
