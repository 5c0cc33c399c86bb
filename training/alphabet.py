"""The model's writing system: which characters a transcript may hold, and how any Hindi text is brought to them.

The 65 characters are those of the vocabulary of the published Hindi Conformer, so that the embedded model and the real
one can stand in for each other. Letters with a nukta are written decomposed (ड + ़), which is also what NFC yields.
"""

import re
import unicodedata

CHARACTERS = "ँंःअआइईउऊऋऍएऐऑओऔकखगघङचछजझञटठडढणतथदधनपफबभमयरलवशषसह़ािीुूृॅेैॉोौ्ॠ"
COMMA = ","
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\ufeff\u00ad"))
_ALLOWED = re.compile(f"[{CHARACTERS}]+")
_WORD = re.compile(f"[{CHARACTERS}]+(?:[{COMMA}](?= ))?")
# A dependent sign cannot start a word, and two vowel signs cannot follow each other.
_SIGNS = "ँंः़ािीुूृॅेैॉोौ्"
_MATRAS = "ािीुूृॅेैॉोौ"
_BROKEN = re.compile(f"^[{_SIGNS}]|[{_MATRAS}्][{_MATRAS}्]|[ँंः][{_MATRAS}़्]|़़|्$")


def normalise(text: str) -> str:
    """NFC with nuktas apart, no invisible characters, single spaces."""
    return " ".join(unicodedata.normalize("NFC", text).translate(_INVISIBLE).split())


def plain(text: str) -> str:
    """What a transcript holds: the normalised text without commas."""
    return " ".join(normalise(text).replace(COMMA, " ").split())


def is_word(token: str) -> bool:
    return bool(_ALLOWED.fullmatch(token)) and not _BROKEN.search(token)


def is_sentence(text: str) -> bool:
    return bool(text) and all(is_word(token.rstrip(COMMA)) for token in text.split(" "))


def fragments(text: str, shortest: int = 2, longest: int = 16) -> list[str]:
    """The runs of clean words in a text that may also hold Latin letters, mark-up and punctuation."""
    found: list[str] = []
    for clause in re.split(r"[।॥?!;:()\[\]{}<>\"“”„«»|/\\=•…\n\t]|\.(?=\s|$)| [-–—] ", normalise(text)):
        run: list[str] = []
        for token in [*clause.replace("-", " ").replace("–", " ").replace("'", "").split(), ""]:
            if token and is_word(token.rstrip(COMMA)):
                run.append(token if token.endswith(COMMA) else token.rstrip(COMMA))
                continue
            if run and shortest <= len(run) <= longest:
                found.append(" ".join(run).rstrip(COMMA))
            run = []
    return found
