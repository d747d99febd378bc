# SPDX-License-Identifier: Apache-2.0
"""podium.plugins.calendar: invitations by mail, replies to them, and personal feeds.

`following` reads what has changed, `planning` decides who has to be told, `tables` has an outbox, and `delivery` sends
out of it. `events`, `timezones` and `mail` make what is sent; `replies` reads what comes back.
"""

from podium.plugins.calendar._config import CalendarConfig
from podium.plugins.calendar.plugin import plugin

__all__ = ["CalendarConfig", "plugin"]
