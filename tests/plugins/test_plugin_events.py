# SPDX-License-Identifier: Apache-2.0
"""Events of plugins: declared, one meaning to a name, and told to nobody else than the roles they are for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from podium.core import Event, LocalParticipant, Plugin, PluginContext, PluginError, PluginState, RoomError, Speaking
from podium.core.plugins.manager import Plugins
from podium.core.plugins.plugin_events import EventOffer
from podium.core.rooms.rooms import Rooms
from tests.plugins.stand_ins import running
from tests.plugins.test_rooms import host, native

__all__ = ["native"]  # the stand-in for media, which pytest finds here


class Rated(Event, frozen=True, kw_only=True):
    """Somebody gave stars."""

    stars: int


class Graded(Event, frozen=True, kw_only=True):
    """For everybody."""

    marks: Any = None


class Undeclared(Event, frozen=True, kw_only=True):
    """Never declared."""


def told(participant: LocalParticipant) -> list[Event]:
    """What waits for them."""
    return [participant.events.receive_nowait() for _ in range(participant.events.statistics().current_buffer_used)]


@asynccontextmanager
async def rating(tmp_path: Path) -> AsyncIterator[tuple[PluginContext, Rooms]]:
    """A plugin that declares two events, and a room with an instructor and a student."""
    plugin = Plugin("rating", version="1.0")
    plugin.event(roles=("instructor", "assistant"))(Rated)
    plugin.event(Graded)
    async with host(tmp_path, plugin) as (manager, rooms):
        yield manager.running()["rating"], rooms


async def test_an_event_reaches_only_the_roles_that_it_is_for(tmp_path: Path) -> None:
    async with rating(tmp_path) as (context, rooms):
        ann, bob = await rooms.join("math", "ann", "Ann", "instructor"), await rooms.join("math", "bob", "Bob")
        ann.events.receive_nowait()
        context.rooms.send("math", Rated(stars=5))
        context.rooms.send("math", Graded())
        assert told(ann) == [Rated(stars=5), Graded()]
        assert told(bob) == [Graded()]


async def test_who_may_not_see_an_event_cannot_be_told_it(tmp_path: Path) -> None:
    async with rating(tmp_path) as (context, rooms):
        ann, bob = await rooms.join("math", "ann", "Ann", "assistant"), await rooms.join("math", "bob", "Bob")
        ann.events.receive_nowait()
        context.rooms.send("math", Rated(stars=5), participant_id="ann")
        assert told(ann) == [Rated(stars=5)]
        with pytest.raises(RoomError, match="Rated is for instructor, assistant, which 'bob' is not") as caught:
            context.rooms.send("math", Rated(stars=5), participant_id="bob")
        assert caught.value.code == "event_forbidden"
        assert told(bob) == []


async def test_a_plugin_sends_what_it_has_declared_and_events_of_the_core(tmp_path: Path) -> None:
    async with rating(tmp_path) as (context, rooms):
        ann = await rooms.join("math", "ann", "Ann")
        context.rooms.send("math", Speaking(participant_id="ann"))
        assert ann.events.receive_nowait() == Speaking(participant_id="ann")
        with pytest.raises(PluginError, match=r"declare the class with @plugin\.event") as caught:
            context.rooms.send("math", Undeclared())
        assert caught.value.code == "event_undeclared"


async def test_what_cannot_be_sent_ends_no_connection(tmp_path: Path) -> None:
    async with rating(tmp_path) as (context, rooms):
        ann = await rooms.join("math", "ann", "Ann")
        with pytest.raises(PluginError, match="this Graded cannot be sent") as caught:
            context.rooms.send("math", Graded(marks=object()))
        assert caught.value.code == "event_invalid"
        assert told(ann) == []


def _no_event() -> Any:
    class Rated:
        """Of another family."""

    return Rated


def _undocumented() -> Any:
    class Rated(Event, frozen=True, kw_only=True):
        stars: int

    return Rated


def _of_the_core() -> Any:
    class Speaking(Event, frozen=True, kw_only=True):
        """The core's."""

    return Speaking


def _of_signaling() -> Any:
    class Answer(Event, frozen=True, kw_only=True):
        """Signaling's."""

    return Answer


def _renamed() -> Any:
    class Rated(Event, frozen=True, kw_only=True, rename="camel"):
        """Other names outside."""

        stars_given: int

    return Rated


def _with_request_id() -> Any:
    class Rated(Event, frozen=True, kw_only=True):
        """Looks like an answer."""

        request_id: str

    return Rated


def _misnamed() -> Any:
    class rated(Event, frozen=True, kw_only=True):  # noqa: N801  # what is refused
        """Like one of the page's own."""

    return rated


def _like_an_array() -> Any:
    class Rated(Event, frozen=True, kw_only=True, array_like=True):
        """Without names."""

    return Rated


def _other_tag() -> Any:
    class Rated(Event, frozen=True, kw_only=True, tag="rated"):
        """Another name outside."""

    return Rated


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (_no_event, "has to be a subclass of podium.core.Event"),
        (_undocumented, "needs a docstring"),
        (_of_the_core, "this is a message of signaling"),
        (_of_signaling, "this is a message of signaling"),
        (_renamed, "fields are not renamed"),
        (_with_request_id, "cannot have a field request_id"),
        (_other_tag, "declare it as"),
        (_like_an_array, "declare it as"),
        (_misnamed, "a name is in CamelCase"),
    ],
)
def test_what_would_confuse_is_refused_where_it_is_written(make: Any, said: str) -> None:
    with pytest.raises(PluginError, match=said):
        Plugin("rating", version="1.0").event(make())


@pytest.mark.parametrize("roles", [(), ("teacher",), "instructor"])
def test_roles_are_those_of_a_room(roles: Any) -> None:
    with pytest.raises(PluginError, match="roles") as caught:
        Plugin("rating", version="1.0").event(roles=roles)(Rated)
    assert caught.value.code == "roles_invalid"


def test_an_event_is_declared_once() -> None:
    plugin = Plugin("rating", version="1.0")
    plugin.event(Rated)
    with pytest.raises(PluginError, match="declares event 'Rated' twice"):
        plugin.event(Rated)


def state(manager: Plugins, name: str) -> tuple[PluginState, str | None]:
    (found,) = [each for each in manager.reports() if each.name == name]
    return found.state, found.last_error


async def test_a_second_plugin_with_an_event_of_the_same_name_does_not_start(tmp_path: Path) -> None:
    first, second = Plugin("first", version="1.0"), Plugin("second", version="1.0")
    first.event(Rated)
    second.event(Rated)
    async with running(tmp_path, first, second) as manager:
        assert state(manager, "first") == (PluginState.RUNNING, None)
        problem = "its event Rated is there already, from plugin 'first'"
        assert state(manager, "second") == (PluginState.FAILED, problem)
        await manager.disable("first")
        await manager.enable("second")
        assert state(manager, "second") == (PluginState.RUNNING, None)


async def test_an_event_that_cannot_be_described_fails_its_plugin(tmp_path: Path) -> None:
    class Strange(Event, frozen=True, kw_only=True):
        """Of a type that JSON knows nothing of."""

        what: type

    plugin = Plugin("strange", version="1.0")
    plugin.event(Strange)
    async with running(tmp_path, plugin) as manager:
        assert state(manager, "strange")[0] is PluginState.FAILED
        assert "its event Strange cannot be described" in str(state(manager, "strange")[1])


async def test_events_are_on_offer_while_their_plugin_runs(tmp_path: Path) -> None:
    offer, plugin = EventOffer(), Plugin("rating", version="1.0")
    plugin.event(Rated)
    async with running(tmp_path, plugin, Plugin("quiet", version="1.0")) as manager:
        manager.watch(offer)
        before = offer.version
        assert [(each.owner, each.event.name) for each in offer] == [("rating", "Rated")]
        assert next(report for report in manager.reports() if report.name == "rating").events == ("Rated",)
        await manager.disable("quiet")
        assert offer.version == before
        await manager.disable("rating")
        assert list(offer) == []
        assert offer.version != before
