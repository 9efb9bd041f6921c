"""The exceptions of klientela: one class per status code, each also the builtin that a person would catch."""

from __future__ import annotations


class KlientelaError(Exception):
    """Anything klientela raises on purpose.

    Attributes
    ----------
    code : str
        Machine-readable name of the status, for example ``"bad_policy"``.
    where : str
        The argument, column (``"table.column"``) or JSON pointer that it is about; empty where there is none.
    """

    code: str = "error"
    number: int = 0

    def __init__(self, message: str = "", where: str = "") -> None:
        super().__init__(message, where)
        self.message = message
        self.where = where

    def __str__(self) -> str:
        return self.message


class InvalidArgumentError(KlientelaError, ValueError):
    """An argument that no data could make right."""

    code = "invalid_argument"
    number = 1


class NotFoundError(KlientelaError, LookupError):
    """A name, column, preset or client that does not exist."""

    code = "not_found"
    number = 2


class OutOfRangeError(KlientelaError, IndexError, ValueError):
    """An index, date or number outside its documented range."""

    code = "out_of_range"
    number = 3


class ArithmeticOverflowError(KlientelaError, OverflowError):
    """Exact arithmetic left 64 bits."""

    code = "overflow"
    number = 4


class BadDataError(KlientelaError, ValueError):
    """A table that cannot be read at all; single rows are rejected, not raised."""

    code = "bad_data"
    number = 5


class BadPolicyError(KlientelaError, ValueError):
    """A policy that is malformed or contradicts itself; ``where`` is a JSON pointer."""

    code = "bad_policy"
    number = 6


class CancelledError(KlientelaError, RuntimeError):
    """The host asked to stop."""

    code = "cancelled"
    number = 7


class UnsupportedError(KlientelaError, NotImplementedError):
    """This build lacks an optional part."""

    code = "unsupported"
    number = 8


class OutOfMemoryError(KlientelaError, MemoryError):
    """Memory ran out."""

    code = "out_of_memory"
    number = 9


class InternalError(KlientelaError, RuntimeError):
    """A defect of klientela, or of a classifier plugged into it, which ``where`` then names."""

    code = "internal"
    number = 10
