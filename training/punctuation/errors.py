"""Words as a recogniser writes them: similar sounds confused, words lost, joined and divided.

No recogniser runs here: its errors are drawn, so that the network serves any acoustic model.
"""

import random

from training.alphabet import CHARACTERS, is_word

from .text import NONE, Sentence

MOST_ERRORS = 0.3  # share of wrong words of the worst passages
CLEAN_PASSAGES = 0.3  # share of passages without errors
_PAIRS = (
    "ि ी", "ु ू", "े ै", "ो ौ", "े ि", "ो ु", "अ आ", "इ ई", "उ ऊ", "ं ँ", "क ख", "ग घ", "च छ", "ज झ", "ट ठ", "ड ढ", "त थ",
    "द ध", "प फ", "ब भ", "त ट", "द ड", "स श", "श ष", "ब व", "न ण", "न म", "र ल",
)  # fmt: skip
_CONFUSED: dict[str, str] = {}
for _pair in _PAIRS:
    _first, _second = _pair.split()
    _CONFUSED[_first] = _CONFUSED.get(_first, "") + _second
    _CONFUSED[_second] = _CONFUSED.get(_second, "") + _first
_DROPPED = "ंँािीुूेैो़"


def misheard(word: str, generator: random.Random) -> str:
    """A word with one wrong letter: mostly one that sounds alike; the word itself where the outcome is no word."""
    at = generator.randrange(len(word))
    letter, kind = word[at], generator.random()
    if kind < 0.55 and letter in _CONFUSED:
        other = word[:at] + generator.choice(_CONFUSED[letter]) + word[at + 1 :]
    elif kind < 0.75 and letter in _DROPPED:
        other = word[:at] + word[at + 1 :]
    elif kind < 0.9:
        other = word[:at] + generator.choice(CHARACTERS) + word[at + 1 :]
    else:
        other = word[:at] + generator.choice(CHARACTERS) + word[at:]
    return other if other and is_word(other) else word


def recognised(sentence: Sentence, generator: random.Random) -> Sentence:
    """A passage with the errors of a recogniser; a lost word leaves its mark to the word before it."""
    if generator.random() < CLEAN_PASSAGES:
        return sentence
    rate = generator.random() * MOST_ERRORS
    words: list[str] = []
    labels: list[int] = []
    for word, label in zip(sentence.words, sentence.labels, strict=True):
        if generator.random() >= rate:
            words.append(word)
            labels.append(label)
            continue
        kind = generator.random()
        if kind < 0.08 and words and labels[-1] == NONE:  # lost
            labels[-1] = label
        elif kind < 0.14 and words and labels[-1] == NONE:  # joined
            words[-1] += word
            labels[-1] = label
        elif kind < 0.2 and len(word) > 3 and is_word(word[2:]) and is_word(word[:2]):  # divided
            words += [word[:2], word[2:]]
            labels += [NONE, label]
        else:
            changed = word
            for _ in range(1 + (generator.random() < 0.3)):
                changed = misheard(changed, generator)
            words.append(changed)
            labels.append(label)
    return Sentence(tuple(words), tuple(labels))
