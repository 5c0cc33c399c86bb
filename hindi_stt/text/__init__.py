"""Decoded words → the words that the reader wants, each with its time, its confidence and what it was made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from hindi_stt.errors import InvalidRequest
from hindi_stt.text import hi
from hindi_stt.text.masking import DigitRuns, UtteranceMasker, mask_numbers
from hindi_stt.text.options import TextOptions
from hindi_stt.text.punctuation import PausePunctuator, Punctuator, punctuate_segments
from hindi_stt.text.unicode_form import unicode_form
from hindi_stt.text.words import map_texts
from hindi_stt.types import Numerals, Script, Segment, Word

__all__ = ["TextOptions", "UtteranceMasker", "Writer"]


@dataclass(frozen=True, slots=True)
class _Language:
    """The rules of a language; a language without an entry in _LANGUAGES has its Unicode form and punctuation only."""

    digit_runs: DigitRuns
    rewrite_numerals: Callable[[Sequence[Word], Numerals], tuple[Word, ...]]
    rewrite_script: Callable[[Sequence[Word], Script], tuple[Word, ...]]
    sentence_end: str


_LANGUAGES: Final[Mapping[str, _Language]] = {
    "hi": _Language(hi.digit_runs, hi.rewrite_numerals, hi.rewrite_script, "।"),
}
_FULL_STOP: Final = "."
_OF_A_LANGUAGE: Final = frozenset({"numerals", "script", "mask"})


class Writer:
    """Rewrites the segments of a recording in one language. Thread-safe.

    Args:
        language: The language's code; options that need its rules are refused for unknown ones.
        model_punctuator: Used for punctuation="model"; None without a punctuation model.
    """

    def __init__(self, language: str, model_punctuator: Punctuator | None = None) -> None:
        self._language = _LANGUAGES.get(language)
        self._name = language
        self._punctuators: dict[str, Punctuator] = {"pauses": PausePunctuator()}
        if model_punctuator:
            self._punctuators["model"] = model_punctuator

    @property
    def punctuations(self) -> tuple[str, ...]:
        """The values of the option `punctuation` that this language and model offer."""
        return ("off", *self._punctuators)

    def check(self, options: TextOptions) -> None:
        """Check a request's options against what this language and model offer.

        Args:
            options: The request's options.

        Raises:
            InvalidRequest: An option is not available.
        """
        missing = sorted(_OF_A_LANGUAGE.intersection(options.changed()))
        if missing and not self._language:
            raise InvalidRequest(f"There is no {', '.join(missing)} for the language {self._name!r}.", param=missing[0])
        if options.punctuation not in self.punctuations:
            have = ", ".join(self._punctuators)
            raise InvalidRequest(
                f"This model has no punctuation={options.punctuation}; it has {have}.", param="punctuation"
            )

    def __call__(
        self, segments: Sequence[Segment], options: TextOptions, masker: UtteranceMasker | None = None
    ) -> tuple[Segment, ...]:
        """Rewrite the segments; no words make it raise anything.

        Args:
            segments: A recording, or an utterance of a stream.
            options: How to write it.
            masker: State of masking in the stream: a number may continue over a pause.

        Returns:
            The segments as the options say.

        Raises:
            InvalidRequest: See `check`.
        """
        self.check(options)
        language = self._language
        if language and options.mask:
            mask = masker or mask_numbers
            segments = mask(segments, options.mask, language.digit_runs)
        rewritten = tuple(replace(segment, words=self._rewrite(segment.words, options)) for segment in segments)
        return self.punctuated(rewritten, options)

    def before_final(self, options: TextOptions) -> TextOptions:
        """Options for words of an utterance that is not final yet: marks that depend on what follows are left out.

        Args:
            options: Of the stream.

        Returns:
            The options for partial results.
        """
        punctuator = self._punctuators.get(options.punctuation)
        return replace(options, punctuation="off") if punctuator and punctuator.joins_segments else options

    def punctuated(self, segments: Sequence[Segment], options: TextOptions) -> tuple[Segment, ...]:
        """Append the marks that the options ask for; nothing else of the segments changes.

        Args:
            segments: Rewritten segments.
            options: Which marks, and in which script.

        Returns:
            The segments with their marks.

        Raises:
            InvalidRequest: See `check`.
        """
        self.check(options)
        if options.punctuation == "off":
            return tuple(segments)
        language = self._language
        end = language.sentence_end if language and options.script != "latin" else _FULL_STOP
        return punctuate_segments(segments, self._punctuators[options.punctuation], end)

    def _rewrite(self, words: Sequence[Word], options: TextOptions) -> tuple[Word, ...]:
        language = self._language
        words = map_texts(words, lambda text: unicode_form(text, options.nukta, options.nasals))
        if language:
            words = language.rewrite_script(language.rewrite_numerals(words, options.numerals), options.script)
        return tuple(words)
