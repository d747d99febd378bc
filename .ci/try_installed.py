# SPDX-License-Identifier: Apache-2.0
"""Install Podium into an empty environment, start it as a newcomer would, and stop it again.

Run as `try_installed.py PATH`: a wheel, an sdist, or the checkout, which is installed editable as the README says. The
working directory is a temporary one, so nothing of the checkout can help a built distribution.
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.request
import venv
from pathlib import Path

START_WITHIN = 60.0
STOP_WITHIN = 30.0


def main(path: Path) -> None:
    what = ["--editable", path.resolve()] if path.is_dir() else [path.resolve()]
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        venv.create(home / "venv", with_pip=True)
        programs = home / "venv" / "bin"
        subprocess.run([programs / "pip", "install", "--quiet", *what], cwd=home, check=True)
        subprocess.run([programs / "podium", "--version"], cwd=home, check=True)
        subprocess.run([programs / "podium", "config", "check"], cwd=home, check=True)
        try_serving(programs / "podium", home)


def try_serving(podium: Path, home: Path) -> None:
    """Start `podium serve --dev` on free ports, open its pages, stop it."""
    environment = {**os.environ, "PODIUM_WEB__PORT": "0", "PODIUM_MEDIA__PORTS": "0"}
    with subprocess.Popen(
        [podium, "serve", "--dev"], cwd=home, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        watchdog = threading.Timer(START_WITHIN, process.kill)
        watchdog.start()
        try:
            link = first_link(process)
            base = link.split("/room/")[0]
            check_health(base)
            for page in (link, f"{base}/static/podium.js"):
                with urllib.request.urlopen(page, timeout=START_WITHIN) as response:
                    response.read()
            process.send_signal(signal.SIGTERM)
            status = process.wait(STOP_WITHIN)
        finally:
            watchdog.cancel()
            process.kill()
    if status != 0:
        sys.exit(f"podium serve ended with status {status} after SIGTERM")
    print(f"served {base} and ended cleanly")


def first_link(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if match := re.search(r"http://\S+/room/\S+", line):
            return match[0]
    sys.exit(f"podium serve printed no link and ended with status {process.wait()}")


def check_health(base: str) -> None:
    with urllib.request.urlopen(f"{base}/health", timeout=START_WITHIN) as response:
        health = json.load(response)
    if health["status"] != "ok":
        sys.exit(f"not healthy: {health}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
