# SPDX-License-Identifier: Apache-2.0
"""Objects in a bucket of Google Cloud Storage, by Google's own library and the credentials that it finds.

Objects change only from the generation that was looked at, so of two uploaders of one name one finds that it is done.
Parts are joined on Google's side, 32 at a time, with what is between in `<target>.join/`. Sizes and CRC-32C of
everything are known beforehand and compared afterwards; what is there already with the right ones is not made again.
"""

import base64
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from posixpath import commonpath
from threading import Lock
from typing import Any, cast, final

import google.auth
from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials, Credentials
from google.cloud import storage  # type: ignore[import-untyped]  # has no types
from google.cloud.storage.retry import DEFAULT_RETRY  # type: ignore[import-untyped]  # has no types
from google.oauth2 import service_account

from podium.plugins.recording.storage.checksum import PIECE, checksum, joined
from podium.plugins.recording.storage.gcs_errors import translated
from podium.plugins.recording.storage.interface import StorageError, Stored, check_name
from podium.plugins.recording.storage.session import (
    OutdatedError,
    Progress,
    SessionLostError,
    UploadSession,
    drop_progress,
    load_progress,
    save_progress,
)

MOST_SOURCES = 32
"""Objects that one request can join."""
LONGEST_LINK = timedelta(days=7)
SCOPE = "https://www.googleapis.com/auth/devstorage.read_write"
FEW = 4
"""Parts of which each is looked at; more are listed."""


@final
class CloudStorage:
    """A Storage in a bucket. An `endpoint` with http:// is an emulator, and gets no credentials."""

    def __init__(
        self,
        bucket: str,
        *,
        prefix: str = "",
        credentials_file: Path | None = None,
        endpoint: str | None = None,
        patience: float = 15.0,
    ) -> None:
        self.bucket = bucket
        self._prefix = f"{check_name(prefix.strip('/'))}/" if prefix.strip("/") else ""
        self._credentials_file = credentials_file
        self._endpoint = endpoint
        self._patience = patience
        self._retry = DEFAULT_RETRY.with_timeout(patience)
        self._lock = Lock()
        self._connected: tuple[Any, Credentials] | None = None

    def put(self, name: str, file: Path, content_type: str) -> Stored:
        """See Storage. The URL of the session is kept in `<file>.upload`."""
        check_name(name)
        with translated(f"store {name}", self.bucket):
            wanted = Stored(name, *checksum(file))
            for _ in range(2):
                blob = self._get(name)
                if blob is not None and self._stored(blob) == wanted:
                    drop_progress(file)
                    return wanted
                try:
                    got = self._upload(wanted, file, content_type, int(blob.generation) if blob else 0)
                except OutdatedError:
                    drop_progress(file)
                    continue
                drop_progress(file)
                if (int(got["size"]), _number(got["crc32c"])) == (wanted.size, wanted.crc32c):
                    return wanted
                self._delete(self._blob(name), generation=int(got["generation"]))
            raise StorageError("storage_failed", f"{name} arrived wrong or was changed by others, twice", retry=True)

    def join(self, parts: Sequence[str], target: str, content_type: str) -> Stored:
        """See Storage."""
        check_name(target)
        with translated(f"join {len(parts)} parts as {target}", self.bucket):
            blobs = self._existing(parts)
            wanted = joined(map(self._stored, blobs), target)
            there = self._get(target)
            if there is None or self._stored(there) != wanted:
                self._compose(self._levelled(blobs, target, content_type), target, content_type)
            if len(parts) > MOST_SOURCES:
                for stored in self.list(f"{target}.join/"):
                    self._delete(self._blob(stored.name))
            return wanted

    def stat(self, name: str) -> Stored | None:
        """See Storage."""
        check_name(name)
        with translated(f"look at {name}", self.bucket):
            blob = self._get(name)
            return self._stored(blob) if blob is not None else None

    def delete(self, name: str) -> None:
        """See Storage."""
        check_name(name)
        with translated(f"delete {name}", self.bucket):
            self._delete(self._blob(name))

    def list(self, prefix: str) -> Iterator[Stored]:
        """See Storage."""
        with translated(f"list {prefix}", self.bucket):
            yield from map(self._stored, self._list(prefix))

    def read(self, name: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """See Storage. All pieces are of one generation."""
        check_name(name)
        with translated(f"read {name}", self.bucket):
            blob = self._get(name)
            if blob is None:
                raise StorageError("object_unknown", f"there is no {name} in bucket {self.bucket}")
            end = blob.size if length is None else min(blob.size, start + length)
            while start < end:
                try:
                    piece = self._piece(blob, start, min(start + PIECE, end))
                except exceptions.NotFound:
                    what = f"{name} was deleted or replaced while it was read"
                    raise StorageError("changed_meanwhile", what, retry=True) from None
                start += len(piece)
                yield piece

    def link(self, name: str, lifetime: timedelta, filename: str | None = None) -> str | None:
        """See Storage. None for credentials without a key to sign with; a week is the longest that Google allows."""
        blob = self._blob(check_name(name))
        with translated(f"sign a link to {name}", self.bucket):
            client, credentials = self._connection()
            if not isinstance(credentials, service_account.Credentials):
                return None
            shown = None if filename is None else f'attachment; filename="{check_name(filename)}"'
            link: str = blob.generate_signed_url(
                version="v4",
                client=client,
                expiration=min(lifetime, LONGEST_LINK),
                response_disposition=shown,
                api_access_endpoint=self._endpoint or "https://storage.googleapis.com",
            )
            return link

    def _connection(self) -> tuple[Any, Credentials]:
        """Client and credentials, which are found at the first use."""
        with self._lock:
            if self._connected is None:
                if self._credentials_file is not None:
                    credentials: Credentials = _key_file(self._credentials_file)
                elif self._endpoint is not None and self._endpoint.startswith("http://"):
                    credentials = AnonymousCredentials()  # type: ignore[no-untyped-call]  # has no types
                else:
                    credentials, _ = google.auth.default(scopes=[SCOPE])
                options = {"api_endpoint": self._endpoint} if self._endpoint else None
                # Only making a bucket needs a project.
                client = storage.Client(project="none", credentials=credentials, client_options=options)
                self._connected = client, credentials
            return self._connected

    def _blob(self, name: str) -> Any:
        client, _ = self._connection()
        return client.bucket(self.bucket).blob(self._prefix + name)

    def _get(self, name: str) -> Any:
        client, _ = self._connection()
        return client.bucket(self.bucket).get_blob(self._prefix + name, retry=self._retry)

    def _piece(self, blob: Any, start: int, end: int) -> bytes:
        """The link to the content has the generation in it."""
        piece: bytes = blob.download_as_bytes(
            start=start,
            end=end - 1,  # the last one that is wanted
            raw_download=True,
            retry=self._retry,
            checksum=None,
        )
        if len(piece) != end - start:
            raise StorageError("storage_failed", f"{len(piece)} bytes came instead of {end - start}", retry=True)
        return piece

    def _list(self, prefix: str) -> Iterator[Any]:
        client, _ = self._connection()
        fields = "items(name,size,crc32c,generation),nextPageToken"
        yield from client.list_blobs(self.bucket, prefix=self._prefix + prefix, fields=fields, retry=self._retry)

    def _stored(self, blob: Any) -> Stored:
        return Stored(blob.name.removeprefix(self._prefix), int(blob.size), _number(blob.crc32c))

    def _delete(self, blob: Any, generation: int | None = None) -> None:
        try:
            blob.delete(if_generation_match=generation, retry=self._retry)
        except exceptions.NotFound:
            client, _ = self._connection()
            next(iter(client.list_blobs(self.bucket, max_results=1, retry=self._retry)), None)  # is there a bucket?
        except exceptions.PreconditionFailed:
            pass  # another one has taken its place

    def _existing(self, names: Sequence[str]) -> Sequence[Any]:
        """The parts with their generations, in order; many with a common beginning in few requests."""
        if not names:
            raise StorageError("object_unknown", "nothing can be made of no parts")
        found: dict[str, Any] = {}
        common = commonpath([check_name(min(names)), check_name(max(names))])
        if len(names) > FEW and common:
            found = {blob.name.removeprefix(self._prefix): blob for blob in self._list(f"{common}/")}
        blobs = [found.get(name) or self._get(check_name(name)) for name in names]
        if missing := [name for name, blob in zip(names, blobs, strict=True) if blob is None]:
            what = f"{len(missing)} of {len(names)} parts are not in bucket {self.bucket}: {', '.join(missing[:3])}"
            raise StorageError("object_unknown", what)
        return blobs

    def _levelled(self, blobs: Sequence[Any], target: str, content_type: str) -> Sequence[Any]:
        """The same in few objects: those that one request can join."""
        level = 0
        while len(blobs) > MOST_SOURCES:
            groups = [blobs[first : first + MOST_SOURCES] for first in range(0, len(blobs), MOST_SOURCES)]
            names = (f"{target}.join/{level}-{index:06}" for index in range(len(groups)))
            blobs = [self._compose(group, name, content_type) for group, name in zip(groups, names, strict=True)]
            level += 1
        return blobs

    def _compose(self, sources: Sequence[Any], name: str, content_type: str) -> Any:
        """One object of up to 32, unless it is there already."""
        wanted = joined(map(self._stored, sources), name)
        for _ in range(2):
            there = self._get(name)
            if there is not None and self._stored(there) == wanted:
                return there
            blob = self._blob(name)
            blob.content_type = content_type
            generation = int(there.generation) if there else 0
            try:
                blob.compose(sources, if_generation_match=generation, retry=self._retry)
            except exceptions.PreconditionFailed:
                continue  # somebody else has just done the same, or a retry after an answer that got lost
            if self._stored(blob) == wanted:
                return blob
            self._delete(blob, generation=int(blob.generation))
        raise StorageError("storage_failed", f"{name} was joined wrong or changed by others, twice", retry=True)

    def _upload(self, wanted: Stored, file: Path, content_type: str, generation: int) -> dict[str, Any]:
        """Raises OutdatedError."""
        target = f"{self._endpoint or ''}/{self.bucket}/{self._prefix}{wanted.name}"
        progress = load_progress(file)
        key = (target, wanted.size, wanted.crc32c, generation)
        for _ in range(3):
            fresh = progress is None or (progress.target, progress.size, progress.crc32c, progress.generation) != key
            if progress is None or fresh:
                url: str = self._blob(wanted.name).create_resumable_upload_session(
                    content_type=content_type,
                    size=wanted.size,
                    if_generation_match=generation,
                    retry=self._retry,
                    checksum=None,
                )
                progress = Progress(*key, url=url)
                with suppress(OSError):  # a disk that is full must not keep it from being emptied
                    save_progress(file, progress)
            try:
                return UploadSession(progress.url, file, wanted.size, patience=self._patience).run(fresh=fresh)
            except SessionLostError:
                progress = None
        raise StorageError("storage_failed", f"three uploads of {wanted.name} were forgotten", retry=True)


def _number(text: str) -> int:
    """A CRC as Google writes it."""
    return int.from_bytes(base64.b64decode(text))


def _key_file(file: Path) -> Credentials:
    """The credentials of a service account."""
    try:
        found = service_account.Credentials.from_service_account_file(  # type: ignore[no-untyped-call]  # has no types
            str(file), scopes=[SCOPE]
        )
    except (OSError, ValueError) as error:
        todo = "credentials_file has to be the key file of a service account"
        raise StorageError("credentials_missing", f"cannot use {file}: {error}; {todo}") from error
    return cast("Credentials", found)
