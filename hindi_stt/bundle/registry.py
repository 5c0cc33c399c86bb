"""The registry of models: selects models for a request, and bounds those in memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from hindi_stt.bundle.manifest import Bundle
from hindi_stt.errors import InvalidSetting, UnknownLanguage, UnknownModel

__all__ = ["Choice", "Loaded", "Registry", "check_room"]

T = TypeVar("T")

_AUTO: Final = "auto"
_SHOWN_LETTERS: Final = 64


@dataclass(frozen=True, slots=True)
class Choice:
    """The bundles that a request's model and languages select.

    Attributes:
        bundles: One for each language, at least one; of several, language identification decides.
        warnings: Parts of the request that have no effect.
    """

    bundles: tuple[Bundle, ...]
    warnings: tuple[str, ...]


class Registry:
    """The bundles that a server offers. Who does not choose gets the first.

    Args:
        bundles: At least one.
        aliases: Names that mean any of them, so that the language decides.
        refuse_other_languages: Whether a request for another language is refused where all models are for one; else it
            gets that one and a warning. With several languages it is always refused.

    Raises:
        InvalidSetting: Two bundles are the same.
    """

    def __init__(
        self, bundles: Sequence[Bundle], aliases: Sequence[str] = (), *, refuse_other_languages: bool = True
    ) -> None:
        self._languages = {bundle.manifest.language for bundle in bundles}
        self._refuses = refuse_other_languages or len(self._languages) > 1
        self._by_tag = {bundle.tag: bundle for bundle in bundles}
        if len(self._by_tag) < len(bundles):
            raise InvalidSetting("HINDI_STT_MODELS names a model twice, or the one of HINDI_STT_MODEL.")
        # Of two versions of a model its plain name means the first.
        self._names: dict[str, tuple[Bundle, ...]] = {tag: (bundle,) for tag, bundle in self._by_tag.items()}
        for bundle in bundles:
            self._names.setdefault(bundle.manifest.name, (bundle,))
        for alias in aliases:
            self._names.setdefault(alias, tuple(bundles))

    def __iter__(self) -> Iterator[Bundle]:
        return iter(self._by_tag.values())

    def __len__(self) -> int:
        return len(self._by_tag)

    @property
    def default(self) -> Bundle:
        """The first."""
        return next(iter(self))

    @property
    def names(self) -> Mapping[str, tuple[Bundle, ...]]:
        """Every name that a request may use → the bundles that it may mean."""
        return self._names

    def choose(self, model: str | None, languages: Sequence[str]) -> Choice:
        """Select bundles by the model's name and the languages of a request, the first one for each language.

        Args:
            model: The model's name; None for any.
            languages: Language codes such as "hi" or "hi-IN", or "auto"; empty for the default.

        Returns:
            The bundles, and warnings about what has no effect.

        Raises:
            UnknownModel: No bundle has this name.
            UnknownLanguage: No bundle is for one of these languages.
        """
        among = self._named(model)
        by_language: dict[str, Bundle] = {}
        for bundle in among:
            by_language.setdefault(bundle.manifest.language, bundle)
        others = [name for name in languages if name != _AUTO and _base(name) not in by_language]
        if others and len(others) == len(languages) and not self._refuses:
            (only,) = self._languages
            names = dict.fromkeys(name[:_SHOWN_LETTERS] for name in others)
            return Choice(
                among[:1],
                tuple(f"language={name}: the only model is for {only}; transcribed as {only}" for name in names),
            )
        if others and len(others) == len(languages):
            shown = ", ".join(name[:_SHOWN_LETTERS] for name in others)
            what = "language" if among == tuple(self) else f"by the model {model!r} the language"
            raise UnknownLanguage(f"{what} {shown} is not offered; there are {self._listed()}.")
        if not languages:
            return Choice(among[:1], ())
        wanted = by_language if _AUTO in languages else {_base(name) for name in languages}
        found = tuple(bundle for language, bundle in by_language.items() if language in wanted)
        without_effect = [_AUTO] if _AUTO in languages and len(by_language) == 1 else []
        have = "the only model is for" if len(by_language) == 1 else "there are models for"
        return Choice(
            found,
            tuple(
                f"language={name[:_SHOWN_LETTERS]}: {have} {', '.join(by_language)}"
                for name in dict.fromkeys([*without_effect, *others])
            ),
        )

    def _named(self, model: str | None) -> tuple[Bundle, ...]:
        if model is None:
            return tuple(self)
        if labelled := [bundle for bundle in self if bundle.label == model]:
            return tuple(labelled)
        if model not in self._names:
            raise UnknownModel(
                f"There is no model {model[:_SHOWN_LETTERS]!r} here; there are {', '.join(self._names)}."
            )
        return self._names[model]

    def _listed(self) -> str:
        return ", ".join(f"{bundle.manifest.name} ({bundle.manifest.language})" for bundle in self)


class Loaded(Generic[T]):
    """Named objects in memory up to a bound; beyond it, the least recently used one is dropped.

    Thread-safe: an object that several threads request at once is loaded once, and requests for others do not wait.

    Args:
        load: Makes the object of a name.
        sizes: Bytes of each object, by name.
        kept: The one that is never dropped.
        max_bytes: Bound on the total size; 0 for none.
        changed: Called with a name and True after loading, False after dropping.

    Raises:
        InvalidSetting: The bound does not allow each object to be loaded together with the kept one.
    """

    def __init__(
        self,
        load: Callable[[str], T],
        sizes: Mapping[str, int],
        *,
        kept: str,
        max_bytes: int,
        changed: Callable[[str, bool], None],
    ) -> None:
        check_room(sizes, kept, max_bytes)
        self._load = load
        self._sizes = sizes
        self._kept = kept
        self._max_bytes = max_bytes
        self._changed = changed
        self._lock = threading.Lock()
        self._held: OrderedDict[str, Future[T]] = OrderedDict()

    def __call__(self, name: str) -> T:
        """Return the object of a name, after loading it if necessary. Errors of loading are raised unchanged."""
        with self._lock:
            future = self._held.get(name)
            if future is not None:
                self._held.move_to_end(name)
            else:
                self._evict(name)
                mine = self._held[name] = Future()
        if future is not None:
            return future.result()
        try:
            found = self._load(name)
        except BaseException as error:
            with self._lock:
                if self._held.get(name) is mine:
                    del self._held[name]
            mine.set_exception(error)
            raise
        with self._lock:
            mine.set_result(found)
            self._changed(name, True)  # noqa: FBT003  # a callback has no keywords
            held = self._held.get(name)
            if held is not mine and not _is_loaded(held):  # let go while it was loaded
                self._changed(name, False)  # noqa: FBT003  # as above
        return found

    def _evict(self, name: str) -> None:
        """Whoever works with one that is let go has it until the end of that work."""
        while self._max_bytes and sum(self._sizes[held] for held in (*self._held, name)) > self._max_bytes:
            oldest = next(held for held in self._held if held != self._kept)
            if _is_loaded(self._held.pop(oldest)):
                self._changed(oldest, False)  # noqa: FBT003  # as above


def _is_loaded(future: Future[T] | None) -> bool:
    return future is not None and future.done() and future.exception() is None


def check_room(sizes: Mapping[str, int], kept: str, max_bytes: int) -> None:
    """Check that the bound allows each object to be loaded together with the one that is kept.

    Args:
        sizes: Bytes of each object, by name.
        kept: The one that is never dropped.
        max_bytes: Bound on the total size; 0 for none.

    Raises:
        InvalidSetting: The bound is too small.
    """
    name, size = max(((n, s) for n, s in sizes.items() if n != kept), key=lambda pair: pair[1], default=("", 0))
    needed = sizes[kept] + size
    if max_bytes and needed > max_bytes:
        raise InvalidSetting(
            f"HINDI_STT_MODEL_MEMORY_MB={max_bytes >> 20}: {' and '.join(filter(None, (kept, name)))} "
            f"need {-(-needed // 2**20)} MiB."
        )


def _base(language: str) -> str:
    """The language of a tag such as hi-IN."""
    return language.lower().partition("-")[0]
