"""Marks by the embedded network, which reads decoded words and the pauses between them (docs/punctuation.md)."""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from hindi_stt.text.punctuation_features import pause_features, word_rows
from hindi_stt.types import Float32, Word

__all__ = ["NETWORK_FILES", "NetworkPunctuator"]

# The network of each language, a file of this package.
NETWORK_FILES: Final = {"hi": Path(__file__).parent / "hi" / "punctuation.onnx"}
# Words that are scored together, and how many on either side are only context: the network sees 31 words each way.
_WINDOW: Final = 192
_CONTEXT: Final = 32
# Behind the last word nothing is known of the pause; speech has ended.
_FINAL_PAUSE_S: Final = 1.0
_DANDA: Final = "।"
_ENDS: Final = (_DANDA, "?")


class NetworkPunctuator:
    """A punctuator that scores the marks behind every word of a recording. Thread-safe.

    The network is loaded when it is first called. Segments are read together, since a sentence may go on behind a
    pause; the last word of what it is given always ends a sentence.

    Args:
        path: An ONNX file: rows int64 [words, tables] and pauses float32 [words, features] → scores float32
            [words, marks]; its metadata has "marks", a JSON list.
    """

    joins_segments: Final = True

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, words: Sequence[Word], sentence_end: str) -> Sequence[str]:
        """See `Punctuator`."""
        if not words:
            return []
        session, marks = _load(self._path)
        texts = [text for word in words for text in word.decoded]
        last = [n - 1 for n in itertools.accumulate(len(word.decoded) for word in words)]
        # A word that was made of several has no pauses inside.
        pauses_s = np.zeros(len(texts))
        pauses_s[last] = [*(after.start_s - word.end_s for word, after in itertools.pairwise(words)), _FINAL_PAUSE_S]
        scores = _scores(session, texts, pauses_s)[last]
        chosen = [marks[i] for i in scores.argmax(axis=-1)]
        ends = [marks.index(mark) for mark in _ENDS]
        chosen[-1] = marks[ends[int(scores[-1, ends].argmax())]]
        return [sentence_end if mark == _DANDA else mark for mark in chosen]


@functools.cache
def _load(path: Path) -> tuple[Any, list[str]]:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return session, json.loads(session.get_modelmeta().custom_metadata_map["marks"])


def _scores(session: Any, texts: Sequence[str], pauses_s: np.ndarray[Any, np.dtype[np.float64]]) -> Float32:
    """Score a passage in windows, float32 [words, marks]."""
    parts: list[Float32] = []
    for start in range(0, len(texts), _WINDOW):
        first, end = max(0, start - _CONTEXT), min(len(texts), start + _WINDOW)
        seen = slice(first, min(len(texts), end + _CONTEXT))
        feed = {"rows": word_rows(texts[seen]), "pauses": pause_features(pauses_s[seen])}
        parts.append(session.run(["scores"], feed)[0][start - first : end - first])
    return np.concatenate(parts)
