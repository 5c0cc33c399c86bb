"""The form of texts that the Vistaar benchmarks compare, against the steps of their script with the library it uses."""

from __future__ import annotations

import random
import re
import string

import pytest

from hindi_stt.evaluation.normalise import apply_form

pytestmark = pytest.mark.oracle


def reference(text: str) -> str:
    from indicnlp.normalize.indic_normalize import IndicNormalizerFactory

    plain = text.translate(str.maketrans("", "", string.punctuation + "।۔'-॥"))
    return re.sub(" +", " ", IndicNormalizerFactory().get_normalizer("hi").normalize(plain)).strip()


def test_random_texts() -> None:
    """Every character of Devanagari, ASCII, and the punctuation and joiners that texts have, in random order."""
    rng = random.Random(20230522)
    characters = [chr(code) for code in (*range(0x900, 0x980), *range(0x20, 0x7F))]
    characters += list("“”‘’‚„´–—…\u200b\u200c\u200d\u2060\u00a0\u00ad\ufeff")
    for _ in range(3000):
        text = "".join(rng.choices(characters, k=rng.randint(1, 40)))
        assert apply_form(text, "vistaar") == reference(text).strip(), text
