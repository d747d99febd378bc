# SPDX-License-Identifier: Apache-2.0
"""In the place of the composer: does what the lines of `<OUT>.does` say, one line each time that it is started.

Without lines, or with the line `compose`, it is the real composer, but no idle process: tests have busy neighbors.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path


def main() -> int:
    folder = Path(sys.argv[2])
    script = folder.with_name(f"{folder.name}.does")
    lines = script.read_text().splitlines() if script.exists() else []
    if lines:
        script.write_text("".join(f"{line}\n" for line in lines[1:]))
    match lines[0].split() if lines else ["compose"]:
        case ["compose"]:
            from podium.plugins.recording.composer import process

            process.be_idle = lambda: "test"  # type: ignore[attr-defined]  # imported there for its own use
            return process.main()
        case ["fail", code, number]:
            print(json.dumps({"event": "failed", "code": code, "message": "so it is", "errno": int(number)}))
            return 1
        case ["crash"]:
            print("a message on standard error", file=sys.stderr)
            os.kill(os.getpid(), signal.SIGSEGV)
        case ["die"]:
            os.kill(os.getpid(), signal.SIGKILL)
        case ["hang"]:
            time.sleep(600)
    return 1


if __name__ == "__main__":
    sys.exit(main())
