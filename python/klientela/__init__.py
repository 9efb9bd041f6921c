"""klientela: who the clients are, which cell of the contact matrix each one sits in, and why."""

from klientela._table import attach as _attach

_attach()
del _attach
