# SPDX-License-Identifier: Apache-2.0
"""Where recordings are kept: one interface, a local directory and Google Cloud Storage behind it.

Everything is synchronous and for threads. What a method has done stays done, and doing it again costs little: whoever
was killed in the middle calls it once more. Calls bridge outages of seconds; longer ones are errors with `retry`.
"""

from pathlib import Path

from podium.plugins.recording._config import RecordingConfig
from podium.plugins.recording.place import Place
from podium.plugins.recording.storage.interface import Storage, StorageError, Stored
from podium.plugins.recording.storage.local import LocalStorage

__all__ = ["LocalStorage", "Storage", "StorageError", "Stored", "cloud_storage", "storage_for"]


def storage_for(config: RecordingConfig, place: Place) -> Storage:
    """The one that the settings name. For a thread."""
    if not config.gcs_bucket:
        return LocalStorage(place.kept)
    return cloud_storage(
        config.gcs_bucket,
        prefix=config.gcs_prefix,
        credentials_file=Path(config.gcs_credentials_file) if config.gcs_credentials_file else None,
        endpoint=config.gcs_endpoint or None,
    )


def cloud_storage(
    bucket: str, *, prefix: str = "", credentials_file: Path | None = None, endpoint: str | None = None
) -> Storage:
    """Objects in a bucket of Google Cloud Storage, their names behind `prefix`.

    Nobody is asked yet. Google's library takes a second to import, so only who uses it does.
    """
    from podium.plugins.recording.storage.gcs import CloudStorage

    return CloudStorage(bucket, prefix=prefix, credentials_file=credentials_file, endpoint=endpoint)
