"""The speaker model of a process: found when a request first asks for it, and loaded when it is first used."""

from __future__ import annotations

import threading
from collections.abc import Callable

from hindi_stt.bundle.speakers import SpeakerBundle
from hindi_stt.errors import SpeakersNotInstalled
from hindi_stt.speakers.embedder import Embedder

__all__ = ["SpeakerSource"]


def _none() -> SpeakerBundle:
    raise SpeakersNotInstalled("No speaker model is installed.")


class SpeakerSource:
    """Finds and loads the speaker model, once. Thread-safe.

    Args:
        resolve: Finds the bundle. What it raises is raised by each call, until it finds one.
    """

    def __init__(self, resolve: Callable[[], SpeakerBundle] = _none) -> None:
        self._resolve = resolve
        self._lock = threading.Lock()
        self._bundle: SpeakerBundle | None = None
        self._embedder: Embedder | None = None

    def bundle(self) -> SpeakerBundle:
        """Find the bundle.

        Returns:
            The bundle.

        Raises:
            SpeakersNotInstalled: There is none.
            BundleInvalid: Its files differ from the manifest.
        """
        with self._lock:
            if self._bundle is None:
                self._bundle = self._resolve()
            return self._bundle

    def embedder(self) -> Embedder:
        """Load the model.

        Returns:
            The loaded model.

        Raises:
            SpeakersNotInstalled: There is none.
            BundleInvalid: It cannot be loaded.
        """
        bundle = self.bundle()
        with self._lock:
            if self._embedder is None:
                self._embedder = Embedder(bundle)
            return self._embedder
