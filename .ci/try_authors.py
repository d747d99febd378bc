# SPDX-License-Identifier: Apache-2.0
"""Follow docs/plugins/tutorial.md to the letter in an empty directory, then build and test the examples.

Run as `try_authors.py WHEEL`. The tutorial's own `pip install podium` takes this wheel, by pip's variables in the
environment; apart from that nothing of the checkout is in reach. What a block of the page means:

- ```sh: run in one shell from the first block to the last; every command has to succeed. `podium serve` is started,
  its first link opened, and stopped with SIGINT, as the reader does it.
- ```text: what the block before it printed last; `...` stands for anything.
- ```python, ```toml, ```js: the first line, a comment, names a file, which is written. `in FILE` is a quotation: the
  rest of the block has to stand in FILE as it is.
- ```diff: `+++ FILE`, and hunks that begin with `@@`; each has to fit in exactly one place.
"""

import doctest
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple, Self

ROOT = Path(__file__).resolve().parent.parent
TUTORIAL = ROOT / "docs/plugins/tutorial.md"
EXAMPLES = ("examples/attendance",)
WITHIN = 300.0
"""Seconds for one command."""

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"(?:#|//) (?P<quoted>in )?(?P<file>\S+)")
LINK = re.compile(r"http://\S+/room/\S+")
DONE = "== status"


class Block(NamedTuple):
    """A fenced block of the page; `line` is that of its fence."""

    kind: str
    text: str
    line: int


class FollowError(Exception):
    """Something on the page does not work as it is written."""


def main(wheel: Path) -> None:
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        variables = variables_with(wheel, home)
        try_tutorial(home, variables)
        check_installed(home / "tutorial/.venv", wheel)
        for example in EXAMPLES:
            if (ROOT / example).is_dir():
                try_example(ROOT / example, home, variables)


def try_tutorial(home: Path, variables: dict[str, str]) -> None:
    place = home / "tutorial"
    place.mkdir()
    with Shell(place, variables) as shell:
        reader = Reader(shell)
        for block in blocks(TUTORIAL.read_text()):
            try:
                reader.follow(block)
            except FollowError as failure:
                sys.exit(f"{TUTORIAL.relative_to(ROOT)}:{block.line}: {failure}")
    print("the tutorial works as it is written")


def check_installed(environment: Path, wheel: Path) -> None:
    """Whether what pip took for `podium` was this wheel, and not one of the same version from elsewhere."""
    (installed,) = environment.glob("lib/python3*/site-packages/podium-*.dist-info/RECORD")
    with zipfile.ZipFile(wheel) as archive:
        (record,) = (name for name in archive.namelist() if name.endswith(".dist-info/RECORD"))
        missing = set(archive.read(record).decode().splitlines()) - set(installed.read_text().splitlines())
    if any("sha256" in line for line in missing):
        sys.exit(f"pip installed another podium than {wheel}")


def blocks(page: str) -> Iterator[Block]:
    for match in FENCE.finditer(page):
        yield Block(match[1], match[2], page.count("\n", 0, match.start()) + 1)


class Shell:
    """One bash for the whole page. Output and errors come together, as on a terminal."""

    def __init__(self, directory: Path, variables: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            ["bash"],
            cwd=directory,
            env=variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.kill()
        with self._process:
            pass

    def kill(self) -> None:
        """End the shell and what it runs."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)

    def run(self, command: str) -> str:
        """What a command prints. Raises FollowError unless it ends with status 0."""
        print(f"$ {command}", flush=True)
        with self._deadline():
            self._type(f"{command}\necho '{DONE}' $?")
            printed = self._until_done(command)
        print(printed, end="", flush=True)
        return printed

    def serve(self, command: str) -> None:
        """Start `podium serve`, open the first link that it prints, and press Ctrl+C."""
        print(f"$ {command}", flush=True)
        with self._deadline():
            self._type(f"set -m; {command} &")
            for line in self._output():
                if link := LINK.search(line):
                    break
            else:
                raise FollowError(f"`{command}` printed no link")
            with urllib.request.urlopen(link[0], timeout=WITHIN) as response:
                response.read()
            self._type(f"kill -INT $!; wait $!; echo '{DONE}' $?; set +m")
            self._until_done(command)

    def where(self) -> Path:
        """The directory in which the shell is."""
        self._type(f"pwd; echo '{DONE}' $?")
        return Path(self._until_done("pwd").strip())

    def _type(self, text: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{text}\n")
        self._process.stdin.flush()

    def _until_done(self, command: str) -> str:
        printed = []
        for line in self._output():
            text, done, status = line.partition(DONE)
            printed.append(text)
            if done and status.strip() == "0":
                return "".join(printed)
            if done:
                raise FollowError(f"`{command}` ended with status {status.strip()}:\n{''.join(printed)}")
        raise FollowError(f"`{command}` ended the shell or took longer than {WITHIN:g} s:\n{''.join(printed)}")

    def _output(self) -> IO[str]:
        """The lines to come. A generator over them would close the pipe at its end."""
        assert self._process.stdout is not None
        return self._process.stdout

    @contextmanager
    def _deadline(self) -> Iterator[None]:
        watchdog = threading.Timer(WITHIN, self.kill)
        watchdog.start()
        try:
            yield
        finally:
            watchdog.cancel()


class Reader:
    """Somebody who types in what is written."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._printed = ""

    def follow(self, block: Block) -> None:
        """Do what a block says. Raises FollowError."""
        match block.kind:
            case "sh":
                self._run(block.text)
            case "text":
                self._compare(block.text)
            case "diff":
                self._change(block.text)
            case _:
                self._write(block.text)

    def _run(self, text: str) -> None:
        self._printed = ""
        for command in text.splitlines():
            if command.startswith("podium serve"):
                self._shell.serve(command)
            else:
                self._printed += self._shell.run(command)

    def _compare(self, wanted: str) -> None:
        flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
        if not doctest.OutputChecker().check_output(wanted, self._printed, flags):
            raise FollowError(f"the page says\n{wanted}but this was printed\n{self._printed}")

    def _write(self, text: str) -> None:
        first, _, content = text.partition("\n")
        named = NAMED.fullmatch(first)
        if named is None:
            raise FollowError(f"the first line names no file: {first}")
        file = self._shell.where() / named["file"]
        if named["quoted"] is None:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
        elif content not in file.read_text():
            raise FollowError(f"{named['file']} does not have what is quoted")

    def _change(self, text: str) -> None:
        header, *hunks = re.split(r"^@@.*\n", text, flags=re.MULTILINE)
        file = self._shell.where() / header.removeprefix("+++ ").strip()
        content = file.read_text()
        for hunk in hunks:
            lines = hunk.splitlines(keepends=True)
            before = "".join(line[1:] for line in lines if not line.startswith("+"))
            after = "".join(line[1:] for line in lines if not line.startswith("-"))
            if content.count(before) != 1:
                raise FollowError(f"this stands in {file.name} {content.count(before)} times:\n{before}")
            content = content.replace(before, after)
        file.write_text(content)


def try_example(example: Path, home: Path, variables: dict[str, str]) -> None:
    """Build a wheel of a copy, install it beside Podium, and run its tests where its sources are not."""
    place = home / example.name
    shutil.copytree(example, place, ignore=shutil.ignore_patterns("__pycache__", ".*", "dist", "var"))
    with Shell(place, variables) as shell:
        try:
            for command in (
                ". ../tutorial/.venv/bin/activate",
                "pip wheel --no-deps --wheel-dir dist .",
                "pip install dist/*.whl",
                "mkdir away && cp -r tests pyproject.toml away && cd away",
                "pytest -q",
            ):
                shell.run(command)
        except FollowError as failure:
            sys.exit(f"{example.relative_to(ROOT)}: {failure}")
    print(f"{example.name} works when installed from its wheel")


def variables_with(wheel: Path, home: Path) -> dict[str, str]:
    """The environment of a reader: pip finds Podium in the wheel, and hosts take ports that are free."""
    constraints = home / "constraints.txt"
    constraints.write_text(f"podium=={wheel.name.split('-')[1]}\n")
    free = dict.fromkeys(("WEB__PORT", "MEDIA__PORTS", "METRICS__PORT", "GRPC__PORT"), "0")
    others = {name: value for name, value in os.environ.items() if not name.startswith(("PODIUM_", "PYTHON"))}
    return {
        **others,
        **{f"PODIUM_{name}": value for name, value in free.items()},
        "PIP_CONSTRAINT": str(constraints),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_FIND_LINKS": f"{wheel.resolve().parent} {os.environ.get('PIP_FIND_LINKS', '')}".strip(),
        "PIP_QUIET": "1",
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
