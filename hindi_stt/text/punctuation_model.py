"""Marks by a model: a token classifier in ONNX with its Hugging Face tokenizer, both assets of the bundle."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hindi_stt.bundle.manifest import Bundle
from hindi_stt.errors import BundleInvalid
from hindi_stt.text.punctuation_network import NETWORK_FILES, NetworkPunctuator
from hindi_stt.types import Word

if TYPE_CHECKING:
    from hindi_stt.text.punctuation import Punctuator

__all__ = ["PUNCTUATION_ROLE", "ModelPunctuator", "has_punctuator", "load_punctuator"]

PUNCTUATION_ROLE: Final = "punctuation"
# Words that the model reads together: more than a segment has, fewer than fill any encoder's 512 positions.
_MAX_WORDS: Final = 100
_SENTENCE_ENDS: Final = frozenset("।.")


def has_punctuator(bundle: Bundle) -> bool:
    """Whether there is a model for punctuation=model, without loading it: the bundle's own, or the language's."""
    return bundle.manifest.language in NETWORK_FILES or any(
        asset.role == PUNCTUATION_ROLE for asset in bundle.manifest.assets
    )


def load_punctuator(bundle: Bundle) -> Punctuator | None:
    """Load the bundle's own punctuation model; that of its language is embedded, and loaded when it is first used.

    Args:
        bundle: The bundle.

    Returns:
        The punctuator; None where there is none.

    Raises:
        BundleInvalid: Its files do not fit together, or the package tokenizers is not installed.
    """
    names = {asset.name for asset in bundle.manifest.assets if asset.role == PUNCTUATION_ROLE}
    if not names:
        network = NETWORK_FILES.get(bundle.manifest.language)
        return NetworkPunctuator(network) if network else None
    paths = [bundle.path(PUNCTUATION_ROLE, name) for name in ("model", "tokenizer", "marks")]
    return ModelPunctuator(*paths)


class ModelPunctuator:
    """A punctuator that classifies tokens with an ONNX model. Thread-safe.

    A word gets the mark of its last token; "।" and "." are the end of a sentence, written as the request's script has
    it.

    Args:
        model: An ONNX file: input_ids int64 [1, t] and, optionally, attention_mask int64 [1, t] → scores float32
            [1, t, labels].
        tokenizer: Tokenizer.json of the package tokenizers.
        marks: A JSON list with the mark of each label, "" for none.

    Raises:
        BundleInvalid: The files do not fit together, or the package tokenizers is not installed.
    """

    joins_segments: Final = False

    def __init__(self, model: Path, tokenizer: Path, marks: Path) -> None:
        import onnxruntime as ort

        try:
            from tokenizers import Tokenizer
        except ImportError as error:
            raise BundleInvalid("A punctuation model needs its tokenizer: pip install tokenizers.") from error
        try:
            # The package's own exceptions are plain ones.
            self._tokenizer: Any = Tokenizer.from_str(tokenizer.read_text(encoding="utf-8"))
            self._marks: list[str] = json.loads(marks.read_text(encoding="utf-8"))
            options = ort.SessionOptions()
            options.intra_op_num_threads = 1
            self._session: Any = ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise BundleInvalid(f"The punctuation model cannot be read: {error}") from error
        self._inputs = [node.name for node in self._session.get_inputs()]
        n_labels = self._session.get_outputs()[0].shape[-1]
        if not {"input_ids"} <= set(self._inputs) <= {"input_ids", "attention_mask"} or n_labels != len(self._marks):
            raise BundleInvalid(
                f"{model} takes {', '.join(self._inputs)} and gives {n_labels} labels; it must take input_ids, may "
                f"take attention_mask, and must give a label for each of the {len(self._marks)} marks."
            )

    def __call__(self, words: Sequence[Word], sentence_end: str) -> Sequence[str]:
        """See `Punctuator`."""
        marks: list[str] = []
        for start in range(0, len(words), _MAX_WORDS):
            marks += self._marks_of([word.text for word in words[start : start + _MAX_WORDS]])
        return [sentence_end if mark in _SENTENCE_ENDS else mark for mark in marks]

    def _marks_of(self, texts: list[str]) -> list[str]:
        encoding = self._tokenizer.encode(texts, is_pretokenized=True)
        ids = np.array([encoding.ids], np.int64)
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        scores = self._session.run(None, {name: feed[name] for name in self._inputs})[0][0]
        last_token = {word: token for token, word in enumerate(encoding.word_ids) if word is not None}
        labels = scores.argmax(axis=-1)
        return [self._marks[labels[last_token[i]]] if i in last_token else "" for i in range(len(texts))]
