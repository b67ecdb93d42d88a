"""The statuses of libimpasto as exceptions."""

from __future__ import annotations


class Error(Exception):
    """A call of libimpasto has failed. The text is one sentence, and `status` is the `impasto_status` of impasto.h."""

    status: int

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status

    # An exception of two arguments would otherwise not come through a pool of processes.
    def __reduce__(self) -> tuple[type[Error], tuple[str, int]]:
        return type(self), (str(self), self.status)


class InvalidArgumentError(Error, ValueError):
    """A size or an option is out of range, or pictures overlap."""


class NoSuchStyleError(Error, LookupError):
    """There is no style of this name, or no such file."""


class ModelError(Error, ValueError):
    """The file cannot be read, or is not an intact model."""


class OutOfMemoryError(Error, MemoryError):
    """There is not enough memory for pictures of this size."""


# By impasto_status. The others are plain errors.
_KINDS: dict[int, type[Error]] = {1: InvalidArgumentError, 3: NoSuchStyleError, 4: ModelError, 5: OutOfMemoryError}


def error(status: int, message: str) -> Error:
    """Returns the exception for a status."""
    return _KINDS.get(status, Error)(message, status)
