# SPDX-License-Identifier: Apache-2.0
"""A session on a host under test, and the people who join it."""

from collections.abc import Callable, Collection
from typing import final

from podium.hosts.testing._client import Client
from podium.hosts.testing._participant import FakeParticipant


@final
class Room:
    """Made by `Host.room`. The room opens when the first person joins and is gone when the last has left."""

    def __init__(self, session_id: str, url: Callable[[], str], administrator: Client) -> None:
        self.session_id = session_id
        self.participants: list[FakeParticipant] = []
        """Everybody who ever joined by this object, those who left too."""
        self._url = url
        self._administrator = administrator

    def join(
        self,
        display_name: str = "Ada",
        role: str = "student",
        *,
        participant_id: str | None = None,
        grants: Collection[str] = (),
    ) -> FakeParticipant:
        """Join with a token of that role. Raises CallError with the code of whoever refused it."""
        invitation = self._administrator.call(
            "CreateJoinToken",
            session_id=self.session_id,
            role=role,
            display_name=display_name,
            participant_id=participant_id,
            grants=list(grants),
        )
        participant = FakeParticipant(self._url(), invitation["token"], self.session_id, display_name, role)
        self.participants.append(participant)
        return participant

    def leave_all(self) -> None:
        """Everybody who is still there leaves, the last first."""
        for participant in reversed(self.participants):
            participant.leave()
