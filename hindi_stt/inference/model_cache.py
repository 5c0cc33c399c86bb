"""The models that a runner has in memory: loaded with it or when they are first asked for, counted, within a bound."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from hindi_stt.bundle.manifest import Bundle
from hindi_stt.bundle.registry import Loaded, Registry, check_room
from hindi_stt.errors import HindiSTTError, ModelUnavailable
from hindi_stt.inference.acoustic import weights_bytes
from hindi_stt.observability.metrics import Metrics
from hindi_stt.settings import Settings

__all__ = ["LoadedModels", "check_model_memory"]

T = TypeVar("T")

_log: Final = logging.getLogger("hindi_stt")


class LoadedModels(Generic[T]):
    """What a runner made of each bundle, by its tag. Thread-safe.

    The first model is there from the start, the others as well where the settings say so and there is room. One that
    cannot be loaded is no reason not to serve the others. Raises BundleInvalid for the first.
    """

    def __init__(self, registry: Registry, load: Callable[[Bundle], T], settings: Settings, metrics: Metrics) -> None:
        self._metrics = metrics
        bundles = {bundle.tag: bundle for bundle in registry}
        sizes, kept, bound = _sizes(registry, settings), registry.default.tag, _bound(settings)
        self._loaded = Loaded(lambda tag: load(bundles[tag]), sizes, kept=kept, max_bytes=bound, changed=self._note)
        for tag in bundles:
            metrics.model_loaded.labels(tag).set(0)
        self._loaded(kept)
        room = bound - sizes[kept] if bound else sum(sizes.values())
        for tag in [tag for tag in bundles if tag != kept and settings.model_loading == "start"]:
            room -= sizes[tag]
            if room >= 0:
                with contextlib.suppress(ModelUnavailable):
                    self(tag)

    def __call__(self, tag: str) -> T:
        """The model of this tag, loaded if it has to be. Raises ModelUnavailable."""
        try:
            return self._loaded(tag)
        except HindiSTTError as error:
            _log.error("%s cannot be loaded: %s", tag, error.message)
            raise ModelUnavailable(f"The model {tag} cannot be loaded.") from error

    def _note(self, tag: str, present: bool) -> None:  # noqa: FBT001  # a callback has no keywords
        self._metrics.model_loaded.labels(tag).set(int(present))
        if present:
            self._metrics.model_loads.labels(tag).inc()


def check_model_memory(registry: Registry, settings: Settings) -> None:
    """Raise InvalidSetting where the bound on loaded models leaves no room for one beside the first."""
    check_room(_sizes(registry, settings), registry.default.tag, _bound(settings))


def _sizes(registry: Registry, settings: Settings) -> dict[str, int]:
    """Bytes of weights by tag: the cost scheduler has two sessions of a model where there are several cores."""
    copies = 2 if settings.scheduler == "cost" and settings.effective_threads > 1 else 1
    return {bundle.tag: copies * weights_bytes(bundle) for bundle in registry}


def _bound(settings: Settings) -> int:
    return settings.model_memory_mb * 2**20
