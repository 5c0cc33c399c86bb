"""English number words in Devanagari, as they are said within Hindi: in telephone numbers, and before लाख, हज़ार, …"""

from __future__ import annotations

from typing import Final

from hindi_stt.text.hi.spelling import key

__all__ = ["ENGLISH_DIGITS", "ENGLISH_NUMBERS", "ENGLISH_TEENS", "ENGLISH_TENS", "REPEATS", "SPOKEN_O"]


def _table(lines: str) -> dict[str, int]:
    rows = (line.split() for line in lines.strip().splitlines())
    return {key(word): int(value) for value, *words in rows for word in words}


# Key → digit; a number only where digits stand in a row.
ENGLISH_DIGITS: Final = _table("""
0 ज़ीरो ज़िरो
1 वन वॅन
2 टू टु
3 थ्री थिरी त्री
4 फ़ोर फॉर
5 फ़ाइव फ़ाइब फ़ाएव
6 सिक्स सिक्ष
7 सेवन सेवेन सैवन सेबन
8 एट ऐट एइट एईट
9 नाइन नाईन नाइने
""")

# Key → 10 … 19.
ENGLISH_TEENS: Final = _table("""
10 टेन
11 इलेवन एलेवन इलेवेन
12 ट्वेल्व टवेल्व ट्वेल्भ
13 थर्टीन
14 फ़ोर्टीन फॉर्टीन
15 फ़िफ़्टीन
16 सिक्सटीन सिक्स्टीन
17 सेवनटीन सेवेंटीन सेवन्टीन
18 एटीन एट्टीन
19 नाइनटीन नाइंटीन नाइन्टीन
""")

# Key → 20, 30, … 90; with a digit behind it one number: नाइनटी एट is 98.
ENGLISH_TENS: Final = _table("""
20 ट्वेंटी ट्वंटी टवेंटी ट्वेन्टी
30 थर्टी थर्टि
40 फ़ोर्टी फॉर्टी
50 फ़िफ़्टी
60 सिक्सटी सिक्स्टी
70 सेवनटी सेवेंटी सेवन्टी सेवंटी
80 एटी ऐटी एट्टी
90 नाइनटी नाइंटी नाइन्टी
""")

ENGLISH_NUMBERS: Final = frozenset(
    {*ENGLISH_DIGITS, *ENGLISH_TEENS, *ENGLISH_TENS, *map(key, ("हंड्रेड", "हन्ड्रेड", "थाउज़ेंड", "हाफ़", "मिलियन", "बिलियन"))}
)

# डबल सात is 77.
REPEATS: Final = {
    **dict.fromkeys(map(key, ("डबल", "डब्बल")), 2),
    **dict.fromkeys(map(key, ("ट्रिपल", "ट्रिप्पल", "तिबल")), 3),
}

# The letter O, said for zero between other digits.
SPOKEN_O: Final = frozenset(map(key, ("ओ", "ओह", "O", "o")))
