"""Models in a runner's memory: loaded at the start or when asked for, within the bound, and counted."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client import REGISTRY

from hindi_stt.bundle.manifest import EMBEDDED, Bundle
from hindi_stt.bundle.registry import Registry
from hindi_stt.errors import BundleInvalid, InvalidSetting, ModelUnavailable
from hindi_stt.inference.acoustic import LocalAcoustic, weights_bytes
from hindi_stt.inference.model_cache import LoadedModels, check_model_memory, n_sessions
from hindi_stt.settings import Settings
from tests.support.bundles import sibling
from tests.support.metrics import metrics


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """The embedded model and two more."""
    folder = tmp_path_factory.mktemp("models")
    return Registry((Bundle.open(EMBEDDED), *(sibling(folder / name, name, name) for name in ("ta", "bn"))))


def mb(registry: Registry, n_models: float) -> int:
    """The setting that leaves room for so many of the models, of one session each."""
    return int(n_models * weights_bytes(registry.default) / 2**20) + 1


def settings(**given: object) -> Settings:
    return Settings.model_validate({"model": "", "scheduler": "bentoml"} | given)


def loaded(registry: Registry) -> list[str]:
    """Models that the metrics say are in memory."""
    return [b.tag for b in registry if REGISTRY.get_sample_value("hindi_stt_model_loaded", {"model": b.tag})]


class Loader:
    """Counts what is loaded; fails where it is told to."""

    def __init__(self, *broken: str) -> None:
        self.loads: list[str] = []
        self._broken = broken

    def __call__(self, bundle: Bundle) -> str:
        self.loads.append(bundle.tag)
        if bundle.tag in self._broken:
            raise BundleInvalid("It is broken.")
        return f"session of {bundle.tag}"


@pytest.mark.parametrize("at_start", [True, False])
def test_when_models_are_loaded(registry: Registry, at_start: bool) -> None:
    load, (first, second, third) = Loader(), [bundle.tag for bundle in registry]
    models = LoadedModels(registry, load, settings(model_loading="start" if at_start else "use"), metrics())
    assert load.loads == ([first, second, third] if at_start else [first])
    assert loaded(registry) == load.loads
    assert models(second) == models(second) == f"session of {second}"
    assert load.loads.count(second) == 1
    assert second in loaded(registry)


def test_the_bound_makes_room_and_never_lets_the_first_go(registry: Registry) -> None:
    load, (first, second, third) = Loader(), [bundle.tag for bundle in registry]
    bound = settings(model_memory_mb=mb(registry, 2), model_loading="start")
    models = LoadedModels(registry, load, bound, metrics())
    assert load.loads == [first, second], "there is no room for the third at the start"
    models(third)
    assert set(loaded(registry)) == {first, third}
    models(second)
    assert set(loaded(registry)) == {first, second}
    assert load.loads == [first, second, third, second]


def test_a_model_that_cannot_be_loaded_is_no_reason_not_to_serve_the_others(registry: Registry) -> None:
    first, second, third = [bundle.tag for bundle in registry]
    load = Loader(second)
    models = LoadedModels(registry, load, settings(model_loading="start"), metrics())
    with pytest.raises(ModelUnavailable, match=second):
        models(second)
    assert load.loads.count(second) == 2, "it is tried again when it is asked for"
    assert models(third) == f"session of {third}"
    assert set(loaded(registry)) == {first, third}


def test_without_the_first_there_is_no_server(registry: Registry) -> None:
    with pytest.raises(BundleInvalid):
        LoadedModels(registry, Loader(registry.default.tag), settings(), metrics())


def test_concurrent_callers_wait_for_the_same_load(registry: Registry) -> None:
    tag, begun, go_on = [bundle.tag for bundle in registry][1], threading.Event(), threading.Event()
    load = Loader()

    def slow(bundle: Bundle) -> str:
        if bundle.tag == tag:
            begun.set()
            assert go_on.wait(30)
        return load(bundle)

    models = LoadedModels(registry, slow, settings(model_loading="use"), metrics())
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(models, tag) for _ in range(4)]
        assert begun.wait(30)
        go_on.set()
        assert {future.result(30) for future in asked} == {f"session of {tag}"}
    assert load.loads.count(tag) == 1


@pytest.mark.slow
def test_real_sessions(registry: Registry) -> None:
    models = LoadedModels(
        registry, lambda bundle: LocalAcoustic(bundle, threads=1), settings(model_loading="use"), metrics()
    )
    for bundle in registry:
        assert models(bundle.tag).bundle is bundle


@pytest.mark.parametrize("scheduler", ["bentoml", "cost"])
def test_a_bound_without_room_for_a_second_model_is_refused(
    registry: Registry, scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cost scheduler has two sessions of each model where there are several cores."""
    monkeypatch.setattr(Settings, "effective_threads", property(lambda _: 4))
    copies = 2 if scheduler == "cost" else 1
    check: Callable[[float], None] = lambda n: check_model_memory(  # noqa: E731
        registry, settings(scheduler=scheduler, model_memory_mb=mb(registry, n))
    )
    check(2 * copies)
    with pytest.raises(InvalidSetting, match="HINDI_STT_MODEL_MEMORY_MB"):
        check(1.5 * copies)
    check_model_memory(registry, settings(model_memory_mb=0))


def test_one_model_has_to_fit_by_itself(registry: Registry) -> None:
    alone = Registry((registry.default,))
    check_model_memory(alone, settings(model_memory_mb=mb(alone, 1)))
    with pytest.raises(InvalidSetting):
        check_model_memory(alone, settings(model_memory_mb=mb(alone, 0.5)))


@pytest.mark.parametrize(
    ("scheduler", "threads", "second_session_mb", "expected"),
    [("cost", 2, 512, 2), ("cost", 2, 0, 1), ("cost", 1, 512, 1), ("bentoml", 2, 512, 1)],
)
def test_a_second_session_of_models_that_are_not_large(
    registry: Registry, scheduler: str, threads: int, second_session_mb: int, expected: int
) -> None:
    given = settings(scheduler=scheduler, threads=threads, second_session_mb=second_session_mb)
    assert n_sessions(registry.default, given) == expected
    room = settings(
        scheduler=scheduler,
        threads=threads,
        second_session_mb=second_session_mb,
        model_memory_mb=mb(registry, expected),
    )
    check_model_memory(Registry((registry.default,)), room)
