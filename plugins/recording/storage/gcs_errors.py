# SPDX-License-Identifier: Apache-2.0
"""What Google's libraries raise, in our words: what may pass by itself, and what somebody has to put right and how."""

from collections.abc import Iterator
from contextlib import contextmanager

import requests
from google.api_core import exceptions
from google.auth import exceptions as auth_exceptions

from podium.plugins.recording.storage.interface import StorageError

PASSING = (408, 429)


@contextmanager
def translated(doing: str, bucket: str) -> Iterator[None]:
    """Raises StorageError for all that can go wrong while `doing` something in `bucket`."""
    try:
        yield
    except exceptions.RetryError as error:
        raise _unavailable(doing, error.cause or error) from error
    except exceptions.GoogleAPICallError as error:
        raise _refused(doing, bucket, error) from error
    except auth_exceptions.DefaultCredentialsError as error:
        what = f"cannot {doing}: no credentials of Google were found"
        todo = "set credentials_file or GOOGLE_APPLICATION_CREDENTIALS to the key file of a service account"
        raise StorageError("credentials_missing", f"{what}; {todo} ({_short(error)})") from error
    except auth_exceptions.TransportError as error:
        raise _unavailable(doing, error) from error
    except auth_exceptions.GoogleAuthError as error:
        what = f"cannot {doing}: the credentials are not accepted ({_short(error)}); has their key been deleted?"
        raise StorageError("forbidden", what, retry=bool(error.retryable)) from error
    except requests.RequestException as error:
        raise _unavailable(doing, error) from error
    except OSError as error:
        raise StorageError("file_failed", f"cannot {doing}: {error}") from error


def _refused(doing: str, bucket: str, error: exceptions.GoogleAPICallError) -> StorageError:
    status = int(error.code or 0)
    if status in PASSING or status >= 500:
        return _unavailable(doing, error)
    if status == 404:
        todo = f"make it with `gcloud storage buckets create gs://{bucket}`, or name another one in the settings"
        return StorageError("bucket_unknown", f"cannot {doing}: there is no bucket {bucket}; {todo}")
    if status in (401, 403):
        todo = f"give them the role Storage Object User (roles/storage.objectUser) on gs://{bucket}"
        return StorageError("forbidden", f"cannot {doing}: the credentials may not; {todo} ({_short(error)})")
    return StorageError("storage_failed", f"cannot {doing}: {_short(error)}", retry=status == 412)


def _unavailable(doing: str, error: object) -> StorageError:
    return StorageError("storage_unavailable", f"cannot {doing} now: {_short(error)}", retry=True)


def _short(error: object) -> str:
    return " ".join(str(error).split())[:300]
