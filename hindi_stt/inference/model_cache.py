"""Models in a runner's memory: loaded at start or on first use, within a bound, and counted in the metrics."""

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

__all__ = ["LoadedModels", "check_model_memory", "n_sessions"]

T = TypeVar("T")

_log: Final = logging.getLogger("hindi_stt")


class LoadedModels(Generic[T]):
    """The loaded form of each bundle, by its tag. Thread-safe.

    The default model is loaded at once and kept; the others at once as well if the settings say so and the memory bound
    allows it, else on first use. A model other than the default that cannot be loaded does not stop the others.

    Args:
        registry: The bundles that are served.
        load: Makes the object that is kept in memory from a bundle.
        settings: When to load models, and the bound on their memory.
        metrics: Where loaded models and loads are counted.

    Raises:
        BundleInvalid: The default model cannot be loaded.
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
        """Return the model of a tag, after loading it if necessary.

        Args:
            tag: The bundle's tag, one of the registry's.

        Returns:
            What `load` made of the bundle.

        Raises:
            ModelUnavailable: It cannot be loaded.
        """
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
    """Check that the bound on loaded models allows each model to be loaded together with the default one.

    Args:
        registry: The bundles that are served.
        settings: The bound on the models' memory, and the scheduler.

    Raises:
        InvalidSetting: The bound is too small for one of them.
    """
    check_room(_sizes(registry, settings), registry.default.tag, _bound(settings))


def n_sessions(bundle: Bundle, settings: Settings) -> int:
    """How many sessions of a model a runner keeps, each with weights of its own.

    Args:
        bundle: The model.
        settings: The scheduler, its threads, and the bound on a second session.

    Returns:
        2 with the cost scheduler on several cores, unless the model is too large; else 1.
    """
    several = settings.scheduler == "cost" and settings.effective_threads > 1
    return 2 if several and weights_bytes(bundle) <= settings.second_session_mb * 2**20 else 1


def _sizes(registry: Registry, settings: Settings) -> dict[str, int]:
    """Bytes of weights by tag, in all sessions of a model."""
    return {bundle.tag: n_sessions(bundle, settings) * weights_bytes(bundle) for bundle in registry}


def _bound(settings: Settings) -> int:
    return settings.model_memory_mb * 2**20
