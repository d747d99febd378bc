# SPDX-License-Identifier: Apache-2.0
"""A process that runs the calendar, to be killed: `driver DATABASE_URL SMTP_PORT SESSIONS.json MINUTES_LATER STOP`.

It reads the sessions, says `read`, and sends until it has nothing more to do, then says `sent`. With STOP `before` it
stays before it sends anything, with `claimed` when it has claimed mails.
"""

import sys
from functools import partial
from pathlib import Path

import msgspec
import trio

from podium.core import SessionView
from podium.plugins.calendar import outbox
from tests.builtin.calendar.desk import Sessions, config_for, open_desk


async def main(url: str, port: str, file: str, minutes: str, stop: str) -> None:
    sessions = Sessions()
    sessions.keep(*msgspec.json.decode(Path(file).read_bytes(), type=list[SessionView]))
    async with open_desk(url, config_for(int(port)), sessions) as desk:
        desk.later(minutes=float(minutes))
        await desk.calendar.following.catch_up()
        say("read")
        if stop == "claimed":
            await desk.database.run(outbox.claim, "killed", desk.now, 20)
            say("claimed")
        if stop != "no":
            await trio.sleep_forever()
        await desk.send()
        say("sent")


def say(word: str) -> None:
    print(word, flush=True)


if __name__ == "__main__":
    trio.run(partial(main, *sys.argv[1:]))
