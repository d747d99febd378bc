# SPDX-License-Identifier: Apache-2.0
"""What changes a recording and its jobs together, for the database's thread."""

from datetime import datetime

from sqlalchemy.orm import Session

from podium.plugins.recording import jobs, store
from podium.plugins.recording.store import Recording


def take_up(session: Session, wanted: Recording) -> tuple[Recording, bool]:
    """The recording of this class that goes on here, else this new one with its job; and whether it is new."""
    found = store.running(session, wanted.session_id)
    if found is not None and found.place == wanted.place:
        store.seen(session, found.id, wanted.host, wanted.seen_at)
        return found, False
    if found is not None:  # of another machine, which has its packets
        store.end(session, found.id, found.seen_at, "moved")
    store.add(session, wanted)
    jobs.add(session, wanted.id, "film", wanted.place, wanted.started_at)
    return wanted, True


def delete(session: Session, recording: Recording, now: datetime) -> bool:
    """Nobody sees it from now on; whoever works removes it. Whether that is new."""
    store.delete_at(session, recording.id, now)
    return jobs.add(session, recording.id, "removal", recording.place, now)


def want_tracks(session: Session, recording: Recording, now: datetime) -> None:
    """Separate tracks, made when there is a film."""
    store.want_tracks(session, recording.id)
    if recording.state == "AVAILABLE":
        jobs.add(session, recording.id, "tracks", recording.place, now)


def rebuild(session: Session, recording: Recording, now: datetime) -> bool:
    """The film from the captured packets anew. False when it is being made already."""
    return store.restarted(session, recording.id) and jobs.add(session, recording.id, "rebuild", recording.place, now)
