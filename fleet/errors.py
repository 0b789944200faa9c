"""The one tree of errors that Buswatch raises on purpose.

::

    BuswatchError
    ├── BadInput            what somebody sent us cannot be used
    │   └── BadRegistry     a registry contradicts itself
    ├── BadSetting          what the operator configured cannot be used
    ├── NotFound            what was asked for is not on record
    ├── Conflict            somebody else changed it first, or its state does not allow the act
    └── Unavailable         a part we depend on does not answer now; the same call may succeed later

Adapters translate their library's errors into these and keep the cause (``raise … from error``).
HTTP codes live in the API alone.
"""


class BuswatchError(Exception):
    """Base of every error that Buswatch raises on purpose."""


class BadInput(BuswatchError):
    """Something sent to Buswatch cannot be used; the message says what, where and how to mend it."""


class BadRegistry(BadInput):
    """A registry contradicts itself, such as an assignment of a bus that is not in it."""


class BadSetting(BuswatchError):
    """A setting or a command-line argument cannot be used; the message names it."""


class NotFound(BuswatchError):
    """What was asked for is not on record; the message names it."""


class Conflict(BuswatchError):
    """The state of a thing does not allow the act, or changed since it was read; read it anew."""


class Unavailable(BuswatchError):
    """A broker, database or other part does not answer now; trying again later may succeed."""
