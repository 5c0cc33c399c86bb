"""Finds the part of a multilingual CTC head that belongs to one language.

AI4Bharat's IndicConformer models have one tokenizer per language and one head for all of them: a block of rows for each
language, in the order in which the configuration lists the tokenizers, and one row for the blank after the last block.
Their NeMo fork (branch nemo-v2: collections/asr/modules/conv_asr.py, collections/common/tokenizers/
multilingual_tokenizer.py) takes the softmax over the columns of one language only, so that the head of a language is
its rows and the blank's, and nothing else of the model depends on the language.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hindi_stt.catalogue.languages import find_language
from hindi_stt.errors import CorruptModel, UnsupportedModel

__all__ = ["LanguageHead", "is_multilingual", "read_language_head"]

_MULTILINGUAL: Final = "multilingual"
# In the section of the transducer's decoder. The fork looks for the key alone: its value does not matter.
_SWITCH: Final = "multisoftmax"


@dataclass(frozen=True, slots=True)
class LanguageHead:
    """The rows of one language in the head for all of them.

    Attributes:
        language: The language's code in the model's file.
        first_row: The first of its rows.
        n_pieces: Number of its rows: the subword tokens without the blank.
        n_rows: Rows of the whole head; the last one is the blank's.
        tokenizer: "nemo:" reference to its SentencePiece model.
    """

    language: str
    first_row: int
    n_pieces: int
    n_rows: int
    tokenizer: str

    @property
    def rows(self) -> list[int]:
        """The language's rows in order, and the blank's."""
        return [*range(self.first_row, self.first_row + self.n_pieces), self.n_rows - 1]


def is_multilingual(config: Mapping[str, Any]) -> bool:
    """Tell whether a configuration has one CTC head for several languages.

    Args:
        config: model_config.yaml as plain data.

    Returns:
        Whether it has.

    Raises:
        UnsupportedModel: Only one of the two options that make such a model is there.
    """
    tokenizer = config.get("tokenizer")
    kind = tokenizer.get("type") if isinstance(tokenizer, Mapping) else None
    decoder = config.get("decoder")
    switched = isinstance(decoder, Mapping) and _SWITCH in decoder
    if kind == _MULTILINGUAL and not switched:
        raise UnsupportedModel(
            f"tokenizer.type is {kind!r}, but decoder.{_SWITCH} is missing: an IndicConformer has both."
        )
    if switched and kind != _MULTILINGUAL:
        raise UnsupportedModel(
            f"decoder.{_SWITCH} is there, but tokenizer.type is {kind!r}: an IndicConformer has {_MULTILINGUAL!r}."
        )
    return switched


def read_language_head(config: Mapping[str, Any], pieces: Sequence[str], language: str) -> LanguageHead:
    """Find the rows of a language.

    Args:
        config: model_config.yaml as plain data, its keys in the order of the file.
        pieces: The pieces of all languages, as the decoder's section lists them.
        language: BCP 47 tag; its first part is looked up.

    Returns:
        The language's part of the head.

    Raises:
        LanguageNotInModel: The model has no such language.
        UnsupportedModel: A tokenizer is not SentencePiece.
        CorruptModel: The tokenizers and the pieces do not fit each other.
    """
    languages = config["tokenizer"].get("langs")
    if not isinstance(languages, Mapping) or not all(isinstance(one, Mapping) for one in languages.values()):
        raise CorruptModel("tokenizer.langs is not a mapping of languages to tokenizers.")
    tokenizers = {str(code): tokenizer for code, tokenizer in languages.items()}
    codes = list(tokenizers)
    if not codes or not pieces or len(pieces) % len(codes):
        raise CorruptModel(f"The head has {len(pieces)} pieces for {len(codes)} languages, expected as many for each.")
    code = find_language(language, codes)
    tokenizer = tokenizers[code]
    if tokenizer.get("type") != "bpe":
        raise UnsupportedModel(f"tokenizer.langs.{code}.type is {tokenizer.get('type')!r}; exported is bpe.")
    reference = tokenizer.get("model_path")
    if not isinstance(reference, str):
        raise CorruptModel(f"tokenizer.langs.{code}.model_path is missing.")
    n_pieces = len(pieces) // len(codes)
    return LanguageHead(code, codes.index(code) * n_pieces, n_pieces, len(pieces) + 1, reference)
