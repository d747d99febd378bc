# SPDX-License-Identifier: Apache-2.0
"""What a plugin says of itself when asked how it is."""

from typing import Literal

import msgspec


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """`degraded`: works, but somebody should look; `failing`: does not do its work."""

    status: Literal["ok", "degraded", "failing"] = "ok"
    detail: str = ""
