"""KenLM's binary files, through KenLM's own Python package, which is optional: it has to be compiled."""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import Any, Final

from hindi_stt.decoding.ngram import DEFAULT_ALPHA, DEFAULT_BETA, DEFAULT_UNKNOWN, LN10, any_begins
from hindi_stt.errors import LanguageModelInvalid

__all__ = ["KenLMModel"]


_FIRST_WORD: Final = b"<unk>\0"


class KenLMModel:
    """A language model in KenLM's binary form, queried through KenLM. Needs the package kenlm.

    Args:
        path: The file.
        alpha: See `LanguageModel`.
        beta: See `LanguageModel`.

    Attributes:
        words: Its words, sorted; empty where the file was made without them.

    Raises:
        LanguageModelInvalid: KenLM cannot read the file, or is not installed.
    """

    def __init__(self, path: Path, alpha: float = DEFAULT_ALPHA, beta: float = DEFAULT_BETA) -> None:
        try:
            import kenlm
        except ImportError as error:
            raise LanguageModelInvalid(
                f"{path} is a KenLM binary file, and KenLM is not installed: pip install kenlm (it needs a C++ "
                "compiler and cmake), or use the ARPA file from which it was made."
            ) from error
        try:
            self._model = kenlm.Model(str(path))
        except (OSError, RuntimeError) as error:
            raise LanguageModelInvalid(f"{path} cannot be read by KenLM: {error}") from error
        self._new_state = kenlm.State
        self.alpha, self.beta, self.unknown = alpha, beta, DEFAULT_UNKNOWN
        self.clear_unknown: float | None = None
        self.start = kenlm.State()
        self._model.BeginSentenceWrite(self.start)
        self.words = _words(path)

    def score(self, state: Any, word: str) -> tuple[float, Any, bool]:
        """See `LanguageModel.score`.

        Args:
            state: KenLM's state before the word.
            word: The next word.

        Returns:
            Natural log-probability of the word, the state after it, and whether the model knows the word.
        """
        after = self._new_state()
        log10: float = self._model.BaseScore(state, word, after)
        return log10 * LN10, after, word in self._model

    def end(self, state: Any) -> float:
        """Natural log-probability that the sentence ends here."""
        return self.score(state, "</s>")[0]

    def has_prefix(self, letters: str) -> bool:
        """Tell whether a known word begins with these letters; True where the file was made without a word list."""
        return not self.words or any_begins(self.words, letters)


def _words(path: Path) -> list[str]:
    """KenLM's build_binary puts the words at the end of its file, each before a zero byte, <unk> first."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        start = content.rfind(_FIRST_WORD)
        words = content[start:].split(b"\0") if start >= 0 else []
    return sorted(word.decode(errors="replace") for word in words if word and not word.startswith(b"<"))
