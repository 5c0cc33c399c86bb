"""Patches of the supervisor, which is circus (its distribution is called kantoku).

What: it looks for processes that have died every second, SIGTERM is tried until it is taken, and workers may be forks.
Why: BentoML has it look every ten seconds, in which nobody answers in the place of the dead; and while it looks, circus
refuses every other command with a ConflictError, the one to quit as well. For forks see `forked_workers`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final

from bentoml._internal.utils import circus
from circus.sighandler import SysHandler
from setproctitle import getproctitle

from hindi_stt.bentoml_compat import forked_workers

__all__ = ["patch"]

_CHECK_INTERVAL_S: Final = 1.0

_make_arbiter: Final = circus.Arbiter.__init__
_quit: Final = SysHandler.quit


def _quit_until_taken(self: Any) -> None:
    controller = self.controller

    def again() -> None:
        if not controller.arbiter._stopping:  # noqa: SLF001  # circus says it nowhere else
            _quit(self)
            controller.loop.call_later(_CHECK_INTERVAL_S, again)

    controller.loop.add_callback_from_signal(again)


def patch(prepare_fork: Callable[[], None] | None = None) -> None:
    """Have supervisors that are made from now on behave so.

    Args:
        prepare_fork: See `forked_workers.patch`. None: workers are new interpreters.
    """

    @functools.wraps(_make_arbiter)
    def make(self: Any, *args: Any, **kwargs: Any) -> None:
        reloads = kwargs.get("plugins") or kwargs.get("debug")  # `bentoml serve` with --reload or --development
        if prepare_fork and not reloads:
            forked_workers.patch(prepare_fork)
        # Where setproctitle is installed, circus would call the supervisor "circusd".
        changed = {"check_delay": _CHECK_INTERVAL_S, "proc_name": getproctitle()}
        _make_arbiter(self, *args, **kwargs | changed)

    circus.Arbiter.__init__ = make
    SysHandler.quit = _quit_until_taken
