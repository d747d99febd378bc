# SPDX-License-Identifier: Apache-2.0
"""Who may do what when, written down by hand: one letter for each person, one row for each kind of session.

A row is `operation | sessions | people`, and after the operation, in parentheses, what is special about the call.
"""

from collections.abc import Iterator

LEGEND = {
    ".": "ok",
    "?": "unauthenticated",
    "-": "forbidden",
    "N": "not_in_room",
    "R": "room_unknown",
    "S": "session_over",
    "E": "too_early",
    "P": "participant_unknown",
    "F": "field_missing",
    "L": "share_forbidden",
    "O": "observers_read",
    "M": "message_unknown",
    "K": "kicked",
    "B": "banned",
}
"""What the letters mean; `_` is where nobody can be such a person."""

SESSIONS = {
    "room": ("live", "ad-hoc"),
    "no room": ("scheduled", "open", "ended", "cancelled", "unknown"),
    "ahead": ("scheduled", "open"),
    "over": ("ended", "cancelled"),
}
"""Names of several: whether people are in the room at this moment. A class that is open has nobody in it yet."""
STATES = (*SESSIONS["room"], *SESSIONS["no room"])

PEOPLE = (
    "anonymous",
    # In the room
    "observer",
    "student",
    "assistant",
    "instructor",
    # With a token of the session, and not in its room
    "observer outside",
    "student outside",
    "assistant outside",
    "instructor outside",
    "student waiting",
    # Of another session, and in its room
    "student elsewhere",
    "instructor elsewhere",
    # Above all sessions
    "service",
    "administrator",
    # Who was more before
    "student kicked",  # by their token
    "student banned",  # likewise
    "assistant kicked",  # whose connection has not noticed it yet
    "assistant demoted",  # in the room as student again, with what they asked while they were assistant
)
"""In the order of the letters; blanks do not count."""

MODERATION = """
                                         | any in   out  w el staff before
                                         | ?   osai osai w si  sa   kbkd
ListParticipants                | room    | ?  --.. --NN - --  ..   KBN-
                                | no room | ?  ____ --RR - --  RR   ____
MuteParticipant                 | room    | ?  --.. --NN - --  ..   KBN-
                                | no room | ?  ____ --RR - --  RR   ____
UnmuteParticipant               | room    | ?  --.. --NN - --  ..   KBN-
                                | no room | ?  ____ --RR - --  RR   ____
AskToUnmute                     | room    | ?  --.. --NN - --  ..   KBN-
                                | no room | ?  ____ --RR - --  RR   ____
MuteAll                         | room    | ?  --.. --NN - --  ..   KBN-
                                | no room | ?  ____ --RR - --  RR   ____
UnmuteAll                       | room    | ?  --.. --NN - --  ..   KBN-
                                | no room | ?  ____ --RR - --  RR   ____
KickParticipant                 | room    | ?  --.. --NN - --  ..   KBN-
                                | no room | ?  ____ --RR - --  RR   ____
BanParticipant                  | room    | ?  ---. --NN - --  ..   KBN-
                                | no room | ?  ____ --RR - --  RR   ____
ReadmitParticipant              | room    | ?  --.. --.. - --  ..   KBN-
                                | ahead   | ?  ____ --PP - --  PP   ____
                                | over    | ?  ____ --SS - --  SS   ____
                                | unknown | ?  ____ --RR - --  PP   ____
LockRoom                        | room    | ?  --.. --.. - --  ..   KBN-
                                | ahead   | ?  ____ --.. - --  ..   ____
                                | over    | ?  ____ --SS - --  SS   ____
                                | unknown | ?  ____ --RR - --  ..   ____
SetWaitingRoom                  | room    | ?  --.. --.. - --  ..   KBN-
                                | ahead   | ?  ____ --.. - --  ..   ____
                                | over    | ?  ____ --SS - --  SS   ____
                                | unknown | ?  ____ --RR - --  ..   ____
AdmitParticipant                | room    | ?  --.. --NN - --  ..   KBN-
                                | no room | ?  ____ --RR - --  RR   ____
AdmitAll                        | room    | ?  --.. --NN - --  ..   KBN-
                                | no room | ?  ____ --RR - --  RR   ____
RefuseParticipant               | room    | ?  --.. --NN - --  ..   KBN-
                                | no room | ?  ____ --RR - --  RR   ____
RefuseAll                       | room    | ?  --.. --NN - --  ..   KBN-
                                | no room | ?  ____ --RR - --  RR   ____
PromoteParticipant              | room    | ?  ---. --NN - --  ..   KBN-
                                | no room | ?  ____ --RR - --  RR   ____
DemoteParticipant               | room    | ?  ---. --NN - --  ..   KBN-
                                | no room | ?  ____ --RR - --  RR   ____
SpotlightParticipant            | room    | ?  --.. --NN - --  ..   KBN-
                                | no room | ?  ____ --RR - --  RR   ____
LowerAllHands                   | room    | ?  --.. --NN - --  ..   KBN-
                                | no room | ?  ____ --RR - --  RR   ____
LowerHand (of somebody else)    | room    | ?  --.. -NNN N --  ..   KBN-
                                | no room | ?  ____ -RRR R --  RR   ____
LowerHand (one's own)           | room    | ?  -... -NNN N --  --   KBN.
                                | no room | ?  ____ -RRR R --  RR   ____
RaiseHand                       | room    | ?  -... -NNN N --  --   KBN.
                                | no room | ?  ____ -RRR R --  --   ____
SendReaction                    | room    | ?  -... -NNN N --  --   KBN.
                                | no room | ?  ____ -RRR R --  --   ____
GetModeration                   | room    | ?  .... NNNN N --  ..   KBN.
                                | no room | ?  ____ RRRR R --  ..   ____
EndForAll                       | room    | ?  ---. ---. - --  ..   KBN-
                                | open    | ?  ____ ---. - --  ..   ____
                                | scheduled | ? ____ ---E - -- EE   ____
                                | over    | ?  ____ ---. - --  ..   ____
                                | unknown | ?  ____ ---. - --  ..   ____
"""

SCREENSHARE = """
                                         | any in   out  w el staff before
                                         | ?   osai osai w si  sa   kbkd
StartScreenShare (for leaders)  | room    | ?  -L.. -NNN N --  --   KBNL
                                | no room | ?  ____ -RRR R --  --   ____
StartScreenShare (for everybody)| room    | ?  -... -NNN N --  --   KBN.
                                | no room | ?  ____ -RRR R --  --   ____
StopScreenShare (of somebody else) | room | ?  --.. -NNN N --  ..   KBN-
                                | no room | ?  ____ -RRR R --  RR   ____
StopScreenShare (one's own)     | room    | ?  -... -NNN N --  FF   KBN.
                                | no room | ?  ____ -RRR R --  FF   ____
ListScreenShares                | room    | ?  .... NNNN N --  ..   KBN.
                                | no room | ?  ____ RRRR R --  RR   ____
RequestScreenShare (for leaders)| room    | ?  -L.. -NNN N --  --   KBNL
                                | no room | ?  ____ -RRR R --  --   ____
RequestScreenShare (on request) | room    | ?  -... -NNN N --  --   KBN.
                                | no room | ?  ____ -RRR R --  --   ____
AllowScreenShare                | room    | ?  --.. --NN - --  ..   KBN-
                                | no room | ?  ____ --RR - --  RR   ____
GetScreenShareRules             | room    | ?  .... NNN. N --  ..   KBN.
                                | ahead   | ?  ____ RRR. R --  ..   ____
                                | over    | ?  ____ RRR. R --  ..   ____
                                | unknown | ?  ____ RRRR R --  ..   ____
UpdateScreenShareRules          | room    | ?  --.. --N. - --  ..   KBN-
                                | ahead   | ?  ____ --R. - --  ..   ____
                                | over    | ?  ____ --RS - --  SS   ____
                                | unknown | ?  ____ --RR - --  ..   ____
"""

CHAT = """
                                         | any in   out  w el staff before
                                         | ?   osai osai w si  sa   kbkd
SendChatMessage                 | room    | ?  O... NNNN N --  --   KBN.
                                | no room | ?  ____ NNNN N --  --   ____
SendChatMessage (to those who lead) | room | ? O... NNNN N --  --   KBN.
                                | no room | ?  ____ NNNN N --  --   ____
SendChatMessage (to a student)  | room    | ?  --.. NNNN N --  --   KBN-
                                | no room | ?  ____ NNNN N --  --   ____
ListChatMessages                | room    | ?  .... NNNN N --  ..   KBN.
                                | no room | ?  ____ NNNN N --  ..   ____
DeleteChatMessage (of a student)| room    | ?  --.. NNNN N --  ..   KBN-
                                | no room | ?  ____ NNNN N --  MM   ____
DeleteChatMessage (private)     | room    | ?  MM.. NNNN N --  ..   KBNM
                                | no room | ?  ____ NNNN N --  MM   ____
GetChatRules                    | room    | ?  .... NNN. N --  ..   KBN.
                                | ahead   | ?  ____ NNN. N --  ..   ____
                                | over    | ?  ____ NNN. N --  ..   ____
                                | unknown | ?  ____ NNNN N --  ..   ____
UpdateChatRules                 | room    | ?  --.. --N. - --  ..   KBN-
                                | ahead   | ?  ____ --N. - --  ..   ____
                                | over    | ?  ____ --NS - --  SS   ____
                                | unknown | ?  ____ --NN - --  ..   ____
ExportChat                      | room    | ?  --.. --N. - --  ..   KBN-
                                | no room | ?  ____ --N. - --  ..   ____
"""

Outcomes = dict[str, dict[str, dict[str, str]]]
"""By the call, the state of the session and the person: `ok`, or the code of the refusal."""


def outcomes(table: str) -> Outcomes:
    """What a table says."""
    found: Outcomes = {}
    call = ""
    for first, sessions, letters in _rows(table):
        call = first or call
        for state in SESSIONS.get(sessions, (sessions,)):
            assert state in STATES, sessions
            people = {person: LEGEND[each] for person, each in zip(PEOPLE, letters, strict=True) if each != "_"}
            assert found.setdefault(call, {}).setdefault(state, people) is people, f"{call} has two rows for {state}"
    for call, states in found.items():
        assert states.keys() == set(STATES), call
    return found


def _rows(table: str) -> Iterator[tuple[str, str, str]]:
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) == 3:
            yield cells[0], cells[1], cells[2].replace(" ", "")
