# SPDX-License-Identifier: Apache-2.0
"""A program that puts one file, to be killed while it does: `uploader.py FILE DIRECTORY` or `FILE ENDPOINT PREFIX`."""

import sys
from pathlib import Path

from podium.plugins.recording.storage import LocalStorage, Storage, cloud_storage
from tests.builtin.recording.storage_server import BUCKET

if __name__ == "__main__":
    file, where, *prefix = sys.argv[1:]
    storage: Storage = cloud_storage(BUCKET, prefix=prefix[0], endpoint=where) if prefix else LocalStorage(Path(where))
    storage.put("class/one.mp4", Path(file), "video/mp4")
