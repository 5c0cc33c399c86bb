"""What the punctuation network sees of each word: rows of its embedding tables, and the pause behind the word.

`training/punctuation` trains with these very functions, so the network and the server cannot differ.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hindi_stt.types import Float32

__all__ = ["N_PAUSE_FEATURES", "TABLE_SIZES", "pause_features", "table_rows", "word_rows"]

# Rows of the tables: the word (hashed twice, so that two words seldom share both rows), its last three and two
# characters, and its consonants.
TABLE_SIZES: Final = (8192, 8192, 2048, 1024, 4096)
N_PAUSE_FEATURES: Final = 4
_LONG_PAUSE_S: Final = 3.0
_SHORT_PAUSE_S: Final = 0.1
# The errors of a recogniser are mostly in vowels, nasals, aspiration and place of articulation; what is left is more
# stable than the word.
_VOWELS: Final = re.compile("[\u0900-\u0903\u0905-\u0914\u093c\u093e-\u094d\u0960]")
_CONFUSED: Final = str.maketrans("खघछझठढथधफभषशटडणङञळ", "कगचजतदतदपबससतदनननल")


def table_rows(word: str) -> tuple[int, ...]:
    """Find a word's rows in the embedding tables.

    Args:
        word: A decoded word, in NFC.

    Returns:
        One row number for each of `TABLE_SIZES`.
    """
    data = word.encode()
    consonants = _VOWELS.sub("", word).translate(_CONFUSED) or word
    keys = (data, data + b"#", b"3" + word[-3:].encode(), b"2" + word[-2:].encode(), b"c" + consonants.encode())
    return tuple(zlib.crc32(key) % size for key, size in zip(keys, TABLE_SIZES, strict=True))


def word_rows(words: Sequence[str]) -> NDArray[np.int64]:
    """Find the rows of several words.

    Args:
        words: Decoded words, in NFC.

    Returns:
        int64 [words, tables].
    """
    return np.array([table_rows(word) for word in words], np.int64).reshape(-1, len(TABLE_SIZES))


def pause_features(pauses_s: Sequence[float] | NDArray[np.float64]) -> Float32:
    """Describe the pauses of a passage, also in relation to the speaker's other pauses.

    Args:
        pauses_s: Seconds of silence behind each word; those below 0 count as 0, those above 3 s as 3 s.

    Returns:
        float32 [words, N_PAUSE_FEATURES]: 1, the logarithmic pause, whether it is longer than 0.1 s, and the
        logarithmic pause less the passage's mean. All zeros stand for unknown pauses.
    """
    pauses = np.clip(np.asarray(pauses_s, np.float32), 0.0, _LONG_PAUSE_S)
    logarithmic = np.log1p(10 * pauses)
    mean = logarithmic.mean() if len(pauses) else 0.0
    columns = (np.ones_like(pauses), logarithmic, pauses > _SHORT_PAUSE_S, logarithmic - mean)
    return np.stack(columns, axis=-1).astype(np.float32)
