# SPDX-License-Identifier: Apache-2.0
"""`podium plugin new NAME`: a distribution with a working plugin, to be changed into one's own.

The files are those under scaffold/, each with the suffix `.in`: words in double braces stand for what follows from the
name, in paths `PACKAGE` and `NAME`, and `dot_` for a leading dot, which a glob for package data would not find.
"""

import keyword
import re
import shlex
import sys
from collections.abc import Collection, Iterator, Mapping
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath

from podium.core import Plugin, PodiumError
from podium.core.plugins.discovery import installed

INVALID = 2
SUFFIX = ".in"


class ScaffoldError(PodiumError):
    """A plugin of this name, or in this directory, cannot be begun."""


def run(name: str, directory: Path | None, commands: Collection[str]) -> int:
    """Write the distribution and say what to do next; the exit status. `commands` are Podium's own."""
    try:
        if name in commands:
            raise ScaffoldError("name_taken", f"{name!r} is a command of `podium`; choose another name")
        target = write(name, directory)
    except ScaffoldError as error:
        print(f"podium: {error.message}", file=sys.stderr)
        return INVALID
    except OSError as error:
        print(f"podium: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    print(
        f"Wrote the plugin {name} to {target}. It works as it is; to try it:\n\n"
        f"  cd {shlex.quote(str(target))}\n"
        f'  pip install -e ".[test,lint]"\n'
        f"  pytest\n"
        f"  podium serve --dev\n\n"
        f"README.md there says what is in which file."
    )
    return 0


def write(name: str, directory: Path | None = None) -> Path:
    """Write the files for a plugin of this name; the directory. Raises ScaffoldError or OSError."""
    check_name(name)
    words = words_for(name)
    target = directory if directory is not None else Path(words["distribution"])
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ScaffoldError("directory_exists", f"{target} is there already and not empty; name another --directory")
    for place, text in rendered(words):
        file = target / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return target


def check_name(name: str) -> None:
    """Whether a new plugin may have this name. Raises ScaffoldError."""
    try:
        Plugin(name, version="0")
    except PodiumError as error:
        raise ScaffoldError(error.code, error.message) from error
    if keyword.iskeyword(name) or keyword.issoftkeyword(name):
        raise ScaffoldError("name_taken", f"{name!r} is a keyword of Python; choose another name")
    if name in sys.stdlib_module_names:
        raise ScaffoldError("name_taken", f"{name!r} is a module of Python's library; choose another name")
    if name in own_names():
        raise ScaffoldError("name_taken", f"{name!r} is a plugin of Podium's own; choose another name")
    if (other := installed().get(name)) is not None:
        raise ScaffoldError("name_taken", f"{name!r} is the plugin of {other.distribution}; choose another name")


def own_names() -> frozenset[str]:
    """Plugins that come with Podium, each a package there."""
    return frozenset(each.name for each in files("podium.plugins").iterdir() if each.is_dir())


def words_for(name: str) -> Mapping[str, str]:
    """What the words in braces stand for."""
    words = [word for word in name.split("_") if word]
    return {
        "name": name,
        "Name": "".join(word.capitalize() for word in words),
        "title": " ".join(words).capitalize(),
        "package": f"podium_{name}",
        "distribution": f"podium-{'-'.join(words)}",
        "podium": version("podium"),
    }


def rendered(words: Mapping[str, str]) -> Iterator[tuple[PurePosixPath, str]]:
    """Every file with its place below the directory."""
    for place, file in _templates(files("podium.hosts.cli") / "scaffold", PurePosixPath()):
        text = re.sub(r"\{\{(\w+)\}\}", lambda match: words[match[1]], file.read_text(encoding="utf-8"))
        yield _named(place, words), text


def _named(place: PurePosixPath, words: Mapping[str, str]) -> PurePosixPath:
    path = str(place).removesuffix(SUFFIX).replace("PACKAGE", words["package"]).replace("NAME", words["name"])
    return PurePosixPath(re.sub(r"\bdot_", ".", path))


def _templates(folder: Traversable, place: PurePosixPath) -> Iterator[tuple[PurePosixPath, Traversable]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _templates(entry, place / entry.name)
        elif entry.name.endswith(SUFFIX):
            yield place / entry.name, entry
