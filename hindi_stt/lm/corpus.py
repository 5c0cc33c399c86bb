"""Text files → the sentences that a language model is built from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tqdm import tqdm

from hindi_stt.decoding.vocabulary import Vocabulary
from hindi_stt.errors import LanguageModelInvalid

__all__ = ["Corpus", "read_corpus"]

# A line may hold several sentences: danda, double danda, full stop, question and exclamation marks end them.
_SENTENCE_ENDS: Final = re.compile(r"[।॥?!\n]|\.(?=\s|$)")


@dataclass(frozen=True, slots=True)
class Corpus:
    """Text for a language model.

    Attributes:
        sentences: Words in the form of the model's own output.
        n_left_out: Number of sentences with a word that the acoustic model cannot write (digits, Latin letters); with
            such words removed they would teach the language model wrong neighbours.
    """

    sentences: list[list[str]]
    n_left_out: int


def read_corpus(files: Sequence[Path], vocabulary: Vocabulary) -> Corpus:
    """Read UTF-8 text files.

    Args:
        files: The files.
        vocabulary: Of the acoustic model.

    Returns:
        The sentences that the acoustic model can write.

    Raises:
        LanguageModelInvalid: A file cannot be read, or no sentence is left.
    """
    sentences, left_out = [], 0
    for sentence in _sentences(files):
        words = vocabulary.words(sentence)
        if not words:
            continue
        if all(map(vocabulary.can_spell, words)):
            sentences.append(words)
        else:
            left_out += 1
    if not sentences:
        raise LanguageModelInvalid(
            f"The corpus has no sentence that the acoustic model can write; {left_out} were left out for other letters."
        )
    return Corpus(sentences, left_out)


def _sentences(files: Sequence[Path]) -> Iterator[str]:
    size = sum(file.stat().st_size for file in files if file.is_file())
    with tqdm(total=size, unit="B", unit_scale=True, desc="reading", disable=None) as bar:
        for file in files:
            try:
                with file.open(encoding="utf-8") as lines:
                    for line in lines:
                        bar.update(len(line.encode()))
                        yield from _SENTENCE_ENDS.split(line)
            except (OSError, UnicodeDecodeError) as error:
                raise LanguageModelInvalid(f"{file} cannot be read as text: {error}.") from error
