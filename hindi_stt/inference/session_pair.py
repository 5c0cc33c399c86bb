"""A model twice: for runs of many clips on a core each, and for a clip that has all cores."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from hindi_stt.inference.acoustic import Acoustic

__all__ = ["SessionPair"]

_log: Final = logging.getLogger("hindi_stt")


class SessionPair:
    """The two sessions of a model. The second is loaded in a thread, while clips run on the first. Thread-safe.

    Args:
        one_core: The session of one thread, loaded.
        load_all_cores: Loads the session of as many threads as there are cores; None where there is one core.
    """

    def __init__(self, one_core: Acoustic, load_all_cores: Callable[[], Acoustic] | None) -> None:
        self._one_core = one_core
        self._all_cores = one_core
        if load_all_cores is not None:
            load = load_all_cores
            # The process waits for this thread when it ends: ONNX Runtime must not be torn down under it.
            threading.Thread(target=lambda: self._load(load), name="load for all cores").start()

    def _load(self, load: Callable[[], Acoustic]) -> None:
        try:
            self._all_cores = load()
        except Exception:  # noqa: BLE001  # for want of memory, perhaps; the same file was loaded just before
            _log.exception("a session for all cores cannot be loaded: a clip that is alone runs on one")

    def session(self, *, alone: bool) -> Acoustic:
        """Choose the session for a run.

        Args:
            alone: Whether the run may use every core.

        Returns:
            The session for all cores where the run is alone and that session is loaded, else the one of one thread.
        """
        return self._all_cores if alone else self._one_core
