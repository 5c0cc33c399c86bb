"""KenLM's binary files, through KenLM's own Python package, which is optional: it has to be compiled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hindi_stt.decoding.ngram import DEFAULT_ALPHA, DEFAULT_BETA, LN10
from hindi_stt.errors import LanguageModelInvalid

__all__ = ["KenLMModel"]


class KenLMModel:
    """A LanguageModel in KenLM's hands. Its files list no words, so that any letters may begin one that it knows.

    Raises LanguageModelInvalid where KenLM cannot read the file, or is not installed.
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
        self.alpha, self.beta = alpha, beta
        self.start = kenlm.State()
        self._model.BeginSentenceWrite(self.start)

    def score(self, state: Any, word: str) -> tuple[float, Any, bool]:
        """Natural log-probability of the word, the state after it, and whether the model knows the word."""
        after = self._new_state()
        log10: float = self._model.BaseScore(state, word, after)
        return log10 * LN10, after, word in self._model

    def end(self, state: Any) -> float:
        """Natural log-probability that the sentence ends here."""
        return self.score(state, "</s>")[0]

    def has_prefix(self, letters: str) -> bool:
        """Always: the file does not tell."""
        return bool(letters)
