# SPDX-License-Identifier: Apache-2.0
"""podium.plugins.chat: what people of a class write to one another, kept for who comes late.

`plugin` declares the operations and hooks. `sending` brings a message to people and into the database, `history` reads
and deletes, `exporting` gives everything of a class; `rules` says who may write, `limits` how often, `texts` what.
`rooms` holds what is known of rooms while they are open, `people` who is asking. `store` has the statements, `tables`
the tables; `static` the panel of the room page.
"""

from podium.plugins.chat.plugin import plugin

__all__ = ["plugin"]
