# SPDX-License-Identifier: Apache-2.0
"""Objects as files below a directory.

A file is written under another name in `.incoming/`, flushed to the disk and renamed, so nobody sees half of one.
Whoever writes holds a lock on it; what a killed writer left behind has none and is removed by the next one. Checksums
are kept in an extended attribute where the file system has them, and computed anew where not.
"""

import errno
import fcntl
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO, final

import google_crc32c

from podium.plugins.recording.storage.checksum import PIECE, checksum, joined
from podium.plugins.recording.storage.interface import StorageError, Stored, check_name

INCOMING = ".incoming"
ATTRIBUTE = "user.podium.crc32c"
_PASSING = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.ENOENT, errno.EMFILE})
"""What may be over when somebody has freed space, mounted the disk again, or by itself."""
_NOT_IN_KERNEL = frozenset({errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM})


@final
class LocalStorage:
    """A Storage in a directory, which is made when the first object comes."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def path(self, name: str) -> Path:
        """Where the object is, for who serves it; it may not be there. Raises StorageError."""
        return self.directory / check_name(name)

    def put(self, name: str, file: Path, content_type: str) -> Stored:  # noqa: ARG002  # as all storages
        """See Storage."""
        with _errors(f"store {name} from {file}"):
            if (known := self.stat(name)) is not None and file.stat().st_size == known.size:
                size, crc = checksum(file)
                if (size, crc) == (known.size, known.crc32c):
                    return known

            def copy(target: BinaryIO) -> Stored:
                size = crc = 0
                with file.open("rb", buffering=0) as source:
                    while piece := source.read(PIECE):
                        crc = google_crc32c.extend(crc, piece)
                        size += target.write(piece)
                return Stored(name, size, crc)

            return self._write(name, copy)

    def join(self, parts: Sequence[str], target: str, content_type: str) -> Stored:  # noqa: ARG002  # as all storages
        """See Storage. The kernel copies; where the file system can, the target shares the blocks of the parts."""
        check_name(target)
        with _errors(f"join {len(parts)} parts as {target}"):
            found = [self._existing(name) for name in parts]
            if not found:
                raise StorageError("object_unknown", "nothing can be made of no parts")
            wanted = joined(found, target)
            if self.stat(target) == wanted:
                return wanted

            def copy(stream: BinaryIO) -> Stored:
                for part in found:
                    with self.path(part.name).open("rb", buffering=0) as source:
                        _copy(source.fileno(), stream.fileno(), part.size)
                return wanted

            return self._write(target, copy)

    def take(self, stored: Stored, file: Path) -> None:
        """A file becomes the object, without being copied where both are on one file system. It has to be as told."""
        path = self.path(stored.name)
        with _errors(f"store {stored.name} from {file}"):
            with file.open("rb+", buffering=0) as stream:
                _remember(stream.fileno(), stored)
                os.fsync(stream.fileno())
            try:
                self._rename(file, path)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                self.put(stored.name, file, "")
                file.unlink()

    def stat(self, name: str) -> Stored | None:
        """See Storage."""
        path = self.path(name)
        with _errors(f"look at {name}"):
            try:
                return _stat(name, path) if path.is_file() else None
            except FileNotFoundError:
                return None

    def delete(self, name: str) -> None:
        """See Storage. Directories that are empty then go too."""
        path = self.path(name)
        with _errors(f"delete {name}"), suppress(FileNotFoundError, NotADirectoryError):
            path.unlink()
            _sync(path.parent)
            with suppress(OSError):  # not empty, or gone already
                for parent in path.parents[: len(name.split("/")) - 1]:
                    parent.rmdir()

    def list(self, prefix: str) -> Iterator[Stored]:
        """See Storage."""
        base = prefix.rpartition("/")[0]
        start = self.directory / check_name(base) if base else self.directory
        with _errors(f"list {prefix}"):
            for path in sorted(_files(start), key=lambda path: path.relative_to(self.directory).as_posix()):
                name = path.relative_to(self.directory).as_posix()
                if name.startswith(prefix):
                    with suppress(FileNotFoundError):  # deleted meanwhile
                        yield _stat(name, path)

    def read(self, name: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """See Storage."""
        path = self.path(name)
        self._existing(name)
        with _errors(f"read {name}"), path.open("rb", buffering=0) as stream:
            left = os.fstat(stream.fileno()).st_size if length is None else length
            stream.seek(start)
            while left > 0 and (piece := stream.read(min(left, PIECE))):
                left -= len(piece)
                yield piece

    def link(self, name: str, lifetime: timedelta, filename: str | None = None) -> str | None:  # noqa: ARG002  # as all
        """None: the host serves the files."""
        self.path(name)
        return None

    def _existing(self, name: str) -> Stored:
        if (found := self.stat(name)) is None:
            raise StorageError("object_unknown", f"there is no {name} in {self.directory}")
        return found

    def _write(self, name: str, fill: Callable[[BinaryIO], Stored]) -> Stored:
        incoming = self.directory / INCOMING
        incoming.mkdir(parents=True, exist_ok=True)
        _sweep(incoming)
        path = incoming / secrets.token_hex(16)
        try:
            with path.open("xb", buffering=0) as stream:
                fcntl.flock(stream, fcntl.LOCK_EX)
                stored = fill(stream)
                written = os.fstat(stream.fileno()).st_size
                if written != stored.size:
                    what = f"{written} bytes were written of {stored.size}; somebody changes what is being stored"
                    raise StorageError("changed_meanwhile", what, retry=True)
                _remember(stream.fileno(), stored)
                os.fsync(stream.fileno())
                self._rename(path, self.path(name))
        finally:
            path.unlink(missing_ok=True)
        return stored

    def _rename(self, path: Path, target: Path) -> None:
        missing = [parent for parent in target.parents if not parent.exists()]
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            path.replace(target)
        except FileNotFoundError:  # the directory was removed, because it was empty
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)
        for directory in {target.parent, *(parent.parent for parent in missing)}:
            _sync(directory)


def _files(directory: Path) -> Iterator[Path]:
    for root, directories, files in os.walk(directory):
        directories[:] = [name for name in directories if not name.startswith(".")]
        yield from (Path(root, name) for name in files if not name.startswith("."))


def _stat(name: str, path: Path) -> Stored:
    status = path.stat()
    with suppress(OSError, ValueError):
        size, modified, crc = os.getxattr(path, ATTRIBUTE).split()
        if (int(size), int(modified)) == (status.st_size, status.st_mtime_ns):
            return Stored(name, status.st_size, int(crc))
    return Stored(name, *checksum(path))


def _remember(descriptor: int, stored: Stored) -> None:
    modified = os.fstat(descriptor).st_mtime_ns
    with suppress(OSError):  # no extended attributes here
        os.setxattr(descriptor, ATTRIBUTE, f"{stored.size} {modified} {stored.crc32c}".encode())


def _copy(source: int, target: int, length: int) -> None:
    """All of it, or as much as there is."""
    in_kernel = True
    while length:
        try:
            if in_kernel:
                count = os.copy_file_range(source, target, length)
            else:
                count = os.write(target, os.read(source, min(length, PIECE)))
        except OSError as error:
            if not in_kernel or error.errno not in _NOT_IN_KERNEL:
                raise
            in_kernel = False
            continue
        if not count:
            return
        length -= count


def _sweep(incoming: Path) -> None:
    """Remove what has no writer any more."""
    for path in incoming.iterdir():
        with suppress(OSError), path.open("rb") as stream:  # being written, or removed meanwhile
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()


def _sync(directory: Path) -> None:
    """Have the names in it on the disk."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _errors(doing: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        what = f"cannot {doing}: {error.strerror or error}"
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageError("no_space", f"{what}; free some space", retry=True) from error
        if isinstance(error, PermissionError) or error.errno == errno.EROFS:
            whom = f"user {os.getuid()} has to have the right to write below {error.filename}"
            raise StorageError("forbidden", f"{what}; {whom}") from error
        raise StorageError("storage_failed", what, retry=error.errno in _PASSING) from error
