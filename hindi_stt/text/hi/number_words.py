"""The words of Hindi numbers, in their spellings.

Spellings that `spelling.key` makes equal (nukta, nasals, vowel length, doubled consonants) stand here once.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from hindi_stt.text.hi.spelling import key

__all__ = ["ENGLISH_DIGITS", "FRACTIONS", "REPEATS", "SCALES", "UNITS"]

_SPELLINGS: Final = """
0 शून्य ज़ीरो सिफ़र
1 एक
2 दो
3 तीन
4 चार
5 पाँच
6 छह छः छे छै छ
7 सात
8 आठ
9 नौ
10 दस
11 ग्यारह ग्यारा इग्यारह
12 बारह
13 तेरह
14 चौदह
15 पंद्रह पंदरह पंद्रा
16 सोलह
17 सत्रह सत्तरह
18 अठारह अठाहर
19 उन्नीस
20 बीस
21 इक्कीस इक्किस ईकीस
22 बाईस
23 तेईस
24 चौबीस
25 पच्चीस
26 छब्बीस
27 सत्ताईस
28 अट्ठाईस
29 उनतीस उन्तीस
30 तीस
31 इकतीस इकत्तीस इक्तीस
32 बत्तीस
33 तैंतीस तेंतीस तैतीस तेतीस
34 चौंतीस चौतीस
35 पैंतीस पैतीस
36 छत्तीस
37 सैंतीस सैतीस
38 अड़तीस
39 उनतालीस उन्तालीस उनचालीस
40 चालीस
41 इकतालीस इक्तालीस
42 बयालीस ब्यालीस बियालीस
43 तैंतालीस तेंतालीस तैतालीस तेतालीस
44 चौवालीस चवालीस चौंतालीस चौआलीस
45 पैंतालीस पैतालीस
46 छियालीस छयालीस छ्यालीस
47 सैंतालीस सैतालीस
48 अड़तालीस
49 उनचास उन्चास उनंचास
50 पचास
51 इक्यावन इकयावन इकावन
52 बावन
53 तिरपन तिरेपन त्रेपन तरेपन
54 चौवन चौअन चव्वन
55 पचपन
56 छप्पन
57 सत्तावन
58 अट्ठावन
59 उनसठ उन्सठ
60 साठ
61 इकसठ इक्सठ
62 बासठ बासट
63 तिरसठ तिरेसठ त्रेसठ तरेसठ
64 चौंसठ चौसठ
65 पैंसठ पैसठ
66 छियासठ छयासठ छ्यासठ
67 सड़सठ सरसठ
68 अड़सठ अरसठ
69 उनहत्तर उन्हत्तर उनत्तर
70 सत्तर
71 इकहत्तर इक्हत्तर इकत्तर
72 बहत्तर
73 तिहत्तर
74 चौहत्तर
75 पचहत्तर पिचहत्तर पिछत्तर पचत्तर
76 छिहत्तर छियत्तर छहत्तर
77 सतहत्तर सतत्तर
78 अठहत्तर अठत्तर
79 उन्यासी उनासी उनआसी
80 अस्सी
81 इक्यासी इकासी
82 बयासी ब्यासी बियासी बिरासी
83 तिरासी तेरासी
84 चौरासी
85 पचासी पिचासी पिचयासी पिच्यासी
86 छियासी छ्यासी
87 सत्तासी
88 अट्ठासी
89 नवासी
90 नब्बे नव्वे
91 इक्यानवे इकानवे
92 बानवे
93 तिरानवे
94 चौरानवे
95 पंचानवे पचानवे पिचानवे पिचयानवे पिच्यानवे
96 छियानवे
97 सत्तानवे
98 अट्ठानवे
99 निन्यानवे निन्नानवे
"""


def _units() -> dict[str, int]:
    units: dict[str, int] = {}
    for line in _SPELLINGS.strip().splitlines():
        value, *words = line.split()
        for word in words:
            # 91–99 are written and said with -नवे, -नबे, -न्वे and -न्बे.
            endings = ("नवे", "नबे", "न्वे", "न्बे") if int(value) > 90 else ("",)
            stem = word.removesuffix("नवे") if int(value) > 90 else word
            units |= {key(stem + ending): int(value) for ending in endings}
    return units


UNITS: Final = _units()
"""Key → 0 … 99."""

SCALES: Final = {
    key(word): scale
    for word, scale in {
        "सौ": 100,
        "हज़ार": 10**3,
        "लाख": 10**5,
        "करोड़": 10**7,
        "अरब": 10**9,
        "खरब": 10**11,
    }.items()
}
"""Key → scale. नील, पद्म and शंख are far more often a colour, a lotus and a conch."""

FRACTIONS: Final = {
    key(word): value
    for word, value in {
        "सवा": (Decimal("0.25"), None),
        "सावा": (Decimal("0.25"), None),
        "साढ़े": (Decimal("0.5"), None),
        "पौने": (Decimal("-0.25"), None),
        "डेढ़": (Decimal("1.5"), 1),
        "ढाई": (Decimal("2.5"), 2),
        "अढ़ाई": (Decimal("2.5"), 2),
    }.items()
}
"""Key → what is added to the number that follows, or, where the second is not None, the whole. सवा alone is 1¼."""

ENGLISH_DIGITS: Final = {
    key(word): digit
    for words, digit in (
        ("ज़ीरो", 0),
        ("वन", 1),
        ("टू", 2),
        ("थ्री", 3),
        ("फ़ोर फोर", 4),
        ("फ़ाइव फाइव", 5),
        ("सिक्स", 6),
        ("सेवन सेवेन", 7),
        ("एट", 8),
        ("नाइन", 9),
    )
    for word in words.split()
}
"""English digits as they are said within Hindi telephone numbers; numbers only where digits stand in a row."""

REPEATS: Final = {key("डबल"): 2, key("ट्रिपल"): 3}
"""डबल सात is 77."""
