"""Which model a request means, and which models are in memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hindi_stt.bundle.manifest import EMBEDDED, Bundle
from hindi_stt.bundle.registry import Loaded, Registry
from hindi_stt.errors import BundleInvalid, InvalidSetting, UnknownLanguage, UnknownModel
from tests.support.bundles import sibling


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    folder = tmp_path_factory.mktemp("bundles")
    others = [sibling(folder / name, name, language) for name, language in (("ta1", "ta"), ("ta2", "ta"))]
    return Registry([Bundle.open(EMBEDDED), *others], ["whisper-1"])


@pytest.fixture(scope="module")
def alone() -> Registry:
    return Registry([Bundle.open(EMBEDDED)], ["whisper-1"])


@pytest.mark.parametrize(
    ("model", "languages", "chosen"),
    [
        (None, [], ["hi"]),
        ("whisper-1", [], ["hi"]),
        ("whisper-1", ["ta"], ["ta1"]),
        (None, ["ta-IN"], ["ta1"]),
        (None, ["TA"], ["ta1"]),
        ("ta2", [], ["ta2"]),
        ("ta2", ["ta"], ["ta2"]),
        ("ta2", ["auto"], ["ta2"]),
        (None, ["auto"], ["hi", "ta1"]),
        (None, ["hi", "ta"], ["hi", "ta1"]),
        (None, ["en", "ta"], ["ta1"]),
    ],
)
def test_choice(registry: Registry, model: str | None, languages: list[str], chosen: list[str]) -> None:
    found = registry.choose(model, languages).bundles
    assert ["hi" if bundle is registry.default else bundle.manifest.name for bundle in found] == chosen


def test_an_unknown_name_is_reported_with_the_known_ones(registry: Registry) -> None:
    with pytest.raises(UnknownModel, match=r"gpt-9.*ta1.*ta2.*whisper-1"):
        registry.choose("gpt-9", [])
    with pytest.raises(UnknownLanguage, match=r"language en is not offered.*\(hi\).*ta1 \(ta\)"):
        registry.choose("whisper-1", ["en"])
    with pytest.raises(UnknownLanguage, match=r"by the model 'ta1' the language hi.*\(hi\)"):
        registry.choose("ta1", ["hi"])


def test_options_without_effect_are_warnings(registry: Registry, alone: Registry) -> None:
    assert alone.choose(None, ["auto"]).warnings == ("language=auto: the only model is for hi",)
    assert alone.choose(None, ["en", "hi"]).warnings == ("language=en: the only model is for hi",)
    assert registry.choose(None, ["auto"]).warnings == ()
    assert registry.choose("ta1", ["auto"]).warnings == ("language=auto: the only model is for ta",)
    assert registry.choose(None, ["en", "ta"]).warnings == ("language=en: there are models for hi, ta",)


def test_a_server_with_one_language_transcribes_it_unless_it_refuses_others(alone: Registry) -> None:
    lenient = Registry([Bundle.open(EMBEDDED)], ["whisper-1"], refuse_other_languages=False)
    choice = lenient.choose("whisper-1", ["en"])
    assert choice.bundles == (lenient.default,)
    assert choice.warnings == ("language=en: the only model is for hi; transcribed as hi",)
    assert lenient.choose(None, ["hi-IN"]).warnings == ()
    with pytest.raises(UnknownLanguage):
        alone.choose("whisper-1", ["en"])


def test_several_languages_refuse_another_always(registry: Registry) -> None:
    lenient = Registry(list(registry), ["whisper-1"], refuse_other_languages=False)
    with pytest.raises(UnknownLanguage):
        lenient.choose("whisper-1", ["en"])
    with pytest.raises(UnknownLanguage):
        lenient.choose("ta1", ["hi"])


def test_a_model_is_listed_once() -> None:
    bundle = Bundle.open(EMBEDDED)
    with pytest.raises(InvalidSetting, match="twice"):
        Registry([bundle, bundle])


def loaded(
    sizes: dict[str, int],
    bound: int,
    load: Callable[[str], str] = str.upper,
    changed: Callable[[str, bool], None] = lambda _name, _present: None,
) -> Loaded[str]:
    return Loaded(load, sizes, kept="a", max_bytes=bound, changed=changed)


@given(st.lists(st.sampled_from("abcd"), max_size=40), st.integers(10, 14))
def test_what_is_loaded_stays_within_the_bound(wanted: list[str], bound: int) -> None:
    sizes = {"a": 5, "b": 3, "c": 4, "d": 5}
    present: list[str] = []

    def changed(name: str, comes: bool) -> None:
        (present.append if comes else present.remove)(name)
        assert sum(sizes[held] for held in present) <= bound
        assert comes or name != "a"

    model = loaded(sizes, bound, changed=changed)
    for i, name in enumerate(wanted):
        assert model(name) == name.upper()
        assert name in present
        # What was asked for last before it stays, where there is room for both and the one that is kept.
        before = wanted[i - 1] if i else name
        assert before in present or sum(sizes[held] for held in {"a", before, name}) > bound or "a" not in wanted[:i]


def test_a_model_released_while_it_loads_is_not_counted_as_held() -> None:
    held: dict[str, bool] = {}
    begun, free = threading.Event(), threading.Event()

    def load(name: str) -> str:
        if name == "b":
            begun.set()
            assert free.wait(60)
        return name

    model = loaded({"a": 5, "b": 5, "c": 5}, 10, load, lambda name, present: held.update({name: present}))
    model("a")
    slow = threading.Thread(target=lambda: model("b"))
    slow.start()
    assert begun.wait(60)
    model("c")  # there is room for one beside the first
    free.set()
    slow.join(60)
    assert held == {"a": True, "b": False, "c": True}


def test_one_that_comes_back_while_its_first_load_lasts_is_counted_as_held() -> None:
    held: dict[str, bool] = {}
    begun, free = threading.Event(), threading.Event()
    n_loads = 0

    def load(name: str) -> str:
        nonlocal n_loads
        if name == "b":
            n_loads += 1
            if n_loads == 1:
                begun.set()
                assert free.wait(60)
        return name

    model = loaded({"a": 5, "b": 5, "c": 5}, 10, load, lambda name, present: held.update({name: present}))
    model("a")
    slow = threading.Thread(target=lambda: model("b"))
    slow.start()
    assert begun.wait(60)
    model("c")
    model("b")
    free.set()
    slow.join(60)
    assert held == {"a": True, "b": True, "c": False}


def test_without_a_bound_nothing_goes() -> None:
    loads: list[str] = []
    model = loaded({"a": 1, "b": 1}, 0, lambda name: loads.append(name) or name)
    assert [model(name) for name in "abab"] == list("abab")
    assert loads == ["a", "b"]


def test_a_bound_that_does_not_hold_two_is_refused() -> None:
    with pytest.raises(InvalidSetting, match="MODEL_MEMORY_MB"):
        loaded({"a": 2**21, "b": 2**20}, 2**21)


def test_several_callers_load_a_model_once_and_delay_no_other() -> None:
    loads: list[str] = []
    free, begun = threading.Event(), threading.Event()

    def load(name: str) -> str:
        loads.append(name)
        if name == "b":
            begun.set()
            assert free.wait(30)
        return name

    model = loaded({"a": 1, "b": 1}, 0, load)
    got: list[str] = []
    threads = [threading.Thread(target=lambda: got.append(model("b"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert begun.wait(30)
    assert model("a") == "a"
    free.set()
    for thread in threads:
        thread.join()
    assert got == ["b"] * 4
    assert loads == ["b", "a"]


def test_what_cannot_be_loaded_is_tried_again() -> None:
    attempts: list[float] = []

    def load(name: str) -> str:
        attempts.append(time.monotonic())
        if len(attempts) == 1:
            raise BundleInvalid("not yet")
        return name

    model = loaded({"a": 1}, 0, load)
    with pytest.raises(BundleInvalid):
        model("a")
    assert model("a") == "a"


def test_settings_meant_for_one_language_are_left_out_for_others(tmp_path: Path) -> None:
    from hindi_stt.settings import Settings

    settings = Settings(numerals="latin", script="latin", mask="all", hotwords_file="x", max_segment_s=8)
    others = settings.for_more_models
    assert (others.numerals, others.script, others.mask, others.hotwords_file) == ("off", "devanagari", "off", "")
    assert others.max_segment_s == 8
