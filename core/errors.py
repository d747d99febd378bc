# SPDX-License-Identifier: Apache-2.0
"""The root of every error that Podium raises on purpose.

An error has one shape everywhere, in Python, REST, gRPC and signalling: a code for programs, a message for people and,
where one input is to blame, the name of that field. Subclasses live beside what raises them.
"""


class PodiumError(Exception):
    """Something asked of Podium cannot be done, and the asker can be told why.

    `code` is a stable snake_case word; `message` says what was wrong and what would be right; `field` names the
    offending input or is None.
    """

    def __init__(self, code: str, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field
