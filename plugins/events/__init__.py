# SPDX-License-Identifier: Apache-2.0
"""podium.plugins.events: the audit trail. Who did what, when, to whom, and whether it was allowed.

`plugin` declares what is heard and asked, `trail` keeps entries until they are written, `entries` says what an entry
is and keeps secrets out of it, `store` holds the statements and `tables` the table.
"""

from podium.plugins.events.plugin import plugin

__all__ = ["plugin"]
