"""Patches of the supervisor, which is circus (its distribution is called kantoku).

What: it looks for processes that have died every second, and SIGTERM is tried until it is taken. Why: BentoML has it
look every ten seconds, in which nobody answers in the place of the dead; and while it looks, circus refuses every other
command with a ConflictError, the one to quit as well.
"""

from __future__ import annotations

import functools
from typing import Any, Final

from bentoml._internal.utils import circus
from circus.sighandler import SysHandler

__all__ = ["patch"]

_CHECK_INTERVAL_S: Final = 1.0

_make_arbiter: Final = circus.Arbiter.__init__
_quit: Final = SysHandler.quit


@functools.wraps(_make_arbiter)
def _make_checking_arbiter(self: Any, *args: Any, **kwargs: Any) -> None:
    _make_arbiter(self, *args, **kwargs | {"check_delay": _CHECK_INTERVAL_S})


def _quit_until_taken(self: Any) -> None:
    controller = self.controller

    def again() -> None:
        if not controller.arbiter._stopping:  # noqa: SLF001  # circus says it nowhere else
            _quit(self)
            controller.loop.call_later(_CHECK_INTERVAL_S, again)

    controller.loop.add_callback_from_signal(again)


def patch() -> None:
    """Have supervisors that are made from now on behave so."""
    circus.Arbiter.__init__ = _make_checking_arbiter
    SysHandler.quit = _quit_until_taken
