"""The choice of a decoder for each request."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from hindi_stt.bundle.manifest import Bundle
from hindi_stt.bundle.schema import LanguageModelWeights
from hindi_stt.decoding.arpa import read_arpa
from hindi_stt.decoding.beam import BeamDecoder, BeamLimits
from hindi_stt.decoding.decoder import Decoder
from hindi_stt.decoding.emission_delay import OnsetDecoder
from hindi_stt.decoding.greedy import GreedyDecoder
from hindi_stt.decoding.hotwords import PROMPT_LETTERS, PROMPT_WEIGHT, Hotword, HotwordBounds, build_tree
from hindi_stt.decoding.kenlm_file import KenLMModel
from hindi_stt.decoding.ngram import LanguageModel, NGramModel, read_ngrams
from hindi_stt.decoding.options import DecodingOptions
from hindi_stt.decoding.special_classes import SpecialClassDecoder
from hindi_stt.decoding.speech import SpeechBoundDecoder
from hindi_stt.decoding.subword_tokens import PieceModel, names_of_pieces
from hindi_stt.decoding.vocabulary import Vocabulary
from hindi_stt.errors import InvalidRequest, LanguageModelInvalid, UnknownLanguageModel

__all__ = ["LM_ROLE", "NO_LANGUAGE_MODEL", "Decoders", "load_language_model", "vocabulary_of"]

LM_ROLE: Final = "lm"
NO_LANGUAGE_MODEL: Final = "none"
# Less than this share of a language model's words spelled in the acoustic model's letters: another alphabet.
LEAST_SPELLABLE: Final = 0.5
_KENLM_MAGIC: Final = b"mmap lm http://kheafield.com/code"
_NPZ_MAGIC: Final = b"PK"
# Decoders of the latest requests, hotword trees and all.
_MAX_KEPT: Final = 8


class Decoders:
    """The decoders of one bundle. Thread-safe.

    All language models are read at once, so that an invalid one is found at start.

    Args:
        bundle: Whose vocabulary and language models are used.
        default_language_model: Name of one of the bundle's; "" for the one that the manifest names, "none" for none.
        hotwords: Applied to every request.
        hotword_bounds: On the hotwords of one request, these included; None for the defaults.
        limits: Bounds on the beam search; None for the defaults.

    Raises:
        LanguageModelInvalid: A language model cannot be read or does not match the vocabulary.
        InvalidHotwords: A hotword cannot be used.
        UnknownLanguageModel: The default language model is not in the bundle.
    """

    def __init__(
        self,
        bundle: Bundle,
        *,
        default_language_model: str = "",
        hotwords: Sequence[Hotword] = (),
        hotword_bounds: HotwordBounds | None = None,
        limits: BeamLimits | None = None,
    ) -> None:
        self._vocabulary = vocabulary_of(bundle)
        self._onsets = bundle.manifest.onsets
        self._min_speech_score = bundle.manifest.min_speech_score
        spec = bundle.manifest.acoustic
        self._special_ids = spec.special_ids
        self._greedy = self._without_special(GreedyDecoder(bundle.tokens, spec.blank_id))
        self._limits = limits or BeamLimits()
        self._hotwords = tuple(hotwords)
        self._hotword_bounds = hotword_bounds or HotwordBounds()
        self._models: dict[str, LanguageModel] = {
            asset.name: load_language_model(bundle.folder / asset.file, self._vocabulary, asset.weights)
            for asset in bundle.manifest.assets
            if asset.role == LM_ROLE
        }
        self._choose = functools.lru_cache(_MAX_KEPT)(self._make)
        self._default = default_language_model or bundle.manifest.default_language_model or NO_LANGUAGE_MODEL
        self.choose(DecodingOptions())

    def add_language_model(self, name: str, path: Path) -> None:
        """Add a language model from a file, before the first request.

        Args:
            name: The name by which requests select it.
            path: An .npz, ARPA or KenLM file.

        Raises:
            LanguageModelInvalid: The file cannot be read or does not match the vocabulary.
        """
        self._models[name] = load_language_model(path, self._vocabulary)
        self._choose.cache_clear()

    @property
    def language_models(self) -> list[str]:
        """Names that a request may choose from."""
        return sorted(self._models)

    def with_prompt(self, options: DecodingOptions, prompt: str) -> tuple[DecodingOptions, tuple[str, ...]]:
        """Add the words of a prompt to the options as hotwords of low weight.

        A prompt is running text and not a list: words too short to be specific, and words beyond the bound on hotwords,
        are skipped without notice.

        Args:
            options: The request's options.
            prompt: The text.

        Returns:
            The new options, and the words to warn about: those that the model cannot write, or all where decoding is
            greedy.
        """
        words = tuple(dict.fromkeys(self._vocabulary.words(prompt)))
        if options.decoder == "greedy":
            return options, words
        usable = [word for word in words if self._vocabulary.can_spell(word)]
        known = {hotword.text for hotword in (*options.hotwords, *self._hotwords)}
        soft = [
            Hotword(word, PROMPT_WEIGHT)
            for word in usable
            if PROMPT_LETTERS <= len(word) <= self._hotword_bounds.max_letters and word not in known
        ]
        free = max(0, self._hotword_bounds.max_hotwords - len(known))
        left_out = tuple(word for word in words if not self._vocabulary.can_spell(word))
        return replace(options, hotwords=(*options.hotwords, *soft[:free])), left_out

    def choose(self, options: DecodingOptions) -> Decoder:
        """Return the decoder for one request. Decoders are cached, so checking the options first costs nothing extra.

        Args:
            options: The request's options.

        Returns:
            A thread-safe decoder.

        Raises:
            InvalidHotwords: A hotword cannot be used.
            UnknownLanguageModel: The bundle has no such language model.
            InvalidRequest: The options contradict each other.
        """
        return self._choose(options)

    def for_clips(self, options: DecodingOptions) -> Decoder:
        """Return the decoder for the clips of one recording: as `choose`, with onsets, and no words without speech.

        Args:
            options: The request's options.

        Returns:
            A thread-safe decoder.

        Raises:
            InvalidHotwords: A hotword cannot be used.
            UnknownLanguageModel: The bundle has no such language model.
            InvalidRequest: The options contradict each other.
        """
        decode = OnsetDecoder(self.choose(options), self._onsets)
        if self._min_speech_score is None:
            return decode
        return SpeechBoundDecoder(decode, OnsetDecoder(self._greedy, self._onsets), self._min_speech_score)

    def _make(self, options: DecodingOptions) -> Decoder:
        if options.decoder == "greedy":
            if options.hotwords or options.language_model not in {"", NO_LANGUAGE_MODEL}:
                raise InvalidRequest("The greedy decoder takes neither hotwords nor a language model.", param="decoder")
            return self._greedy
        model = self._model(options.language_model or self._default)
        # A request may give a server's hotword another weight: the first of two equal ones counts.
        own = {word.text for word in options.hotwords}
        wanted = (*options.hotwords, *(word for word in self._hotwords if word.text not in own))
        hotwords = build_tree(wanted, self._vocabulary, self._hotword_bounds)
        if options.decoder == "auto" and model is None and hotwords is None:
            return self._greedy
        limits = self._limits if hotwords is None else self._limits.for_hotwords()
        return self._without_special(
            BeamDecoder(self._vocabulary, language_model=model, hotwords=hotwords, limits=limits)
        )

    def _without_special(self, decode: Decoder) -> Decoder:
        if not self._special_ids:
            return decode
        return SpecialClassDecoder(decode, self._vocabulary.blank_id, self._special_ids)

    def _model(self, name: str) -> LanguageModel | None:
        if name == NO_LANGUAGE_MODEL:
            return None
        if name not in self._models:
            have = ", ".join(self.language_models) or "none"
            raise UnknownLanguageModel(f"There is no language model {name[:60]!r}; there is {have}.")
        return self._models[name]


def vocabulary_of(bundle: Bundle) -> Vocabulary:
    """Return the vocabulary of the bundle's acoustic model."""
    spec = bundle.manifest.acoustic
    return Vocabulary(bundle.tokens, spec.blank_id, spec.special_ids)


def load_language_model(
    path: Path, vocabulary: Vocabulary, weights: LanguageModelWeights | None = None
) -> LanguageModel:
    """Read an n-gram model over words or pieces: our .npz, ARPA, or KenLM's binary form, recognised by its first bytes.

    Args:
        path: The file.
        vocabulary: Of the acoustic model.
        weights: Instead of those of the file; None for those.

    Returns:
        The language model, over words.

    Raises:
        LanguageModelInvalid: The file is damaged, or the acoustic model cannot write most of its words.
    """
    try:
        with path.open("rb") as file:
            head = file.read(len(_KENLM_MAGIC))
    except OSError as error:
        raise LanguageModelInvalid(f"{path} cannot be read: {error.strerror}.") from error
    model: KenLMModel | NGramModel
    if head == _KENLM_MAGIC:
        model = KenLMModel(path)
    else:
        model = NGramModel(read_ngrams(path) if head.startswith(_NPZ_MAGIC) else read_arpa(path))
    if weights is not None:
        model.alpha, model.beta, model.unknown = weights.alpha, weights.beta, weights.unknown
        model.clear_unknown = weights.clear_unknown
    words = model.words
    names = names_of_pieces(words, vocabulary)
    known = sum(map(vocabulary.can_spell if names is None else set(names).__contains__, words))
    if known < LEAST_SPELLABLE * len(words):
        raise LanguageModelInvalid(
            f"{path}: the acoustic model can write {known} of its {len(words)} words or pieces; "
            "it is made for another alphabet or another tokenizer."
        )
    return model if names is None else PieceModel(model, vocabulary, names)
