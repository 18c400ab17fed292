from __future__ import annotations


class DomainError(Exception):
    """A rule of the business refused the action.

    `code` is stable for machines; `message` is a sentence for people that says what to do.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
