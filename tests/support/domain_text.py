"""Domain text for measuring language models and hotwords, drawn by a seeded generator.

Written before the language-model and hotword code, and never fitted to it. A clinic's and a bank's telephone desk:
sentences fill templates. Three things are kept apart:

corpus: what a language model may be built from; templates of kind "common" only, and no sentence of the other two sets;
tuning: for choosing weights;
held_out: for measuring. Every third sentence follows a template of kind "unseen", which the corpus never uses.

Rare names join a stem and an ending that hardly anyone bears; they occur in no corpus and no tuning sentence.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

SEED: Final = 20_407

SLOTS: Final[dict[str, str]] = {
    "person": "शर्मा जी|वर्मा जी|गुप्ता जी|मरीज़|माता जी|पिता जी|श्रीमान पटेल|श्रीमती जोशी|मेरे भाई|मेरी बहन",
    "doctor": "हृदय रोग विशेषज्ञ|हड्डी के डॉक्टर|आँखों के डॉक्टर|दाँतों के डॉक्टर|बच्चों के डॉक्टर|त्वचा विशेषज्ञ",
    "day": "सोमवार|मंगलवार|बुधवार|गुरुवार|शुक्रवार|शनिवार",
    "part": "सुबह|दोपहर|शाम",
    "hour": "आठ|नौ|दस|ग्यारह|बारह|एक|दो|तीन|चार|पाँच|छह|सात",
    "test": "खून की जाँच|शुगर की जाँच|थायराइड की जाँच|छाती का एक्सरे|पेट का अल्ट्रासाउंड|ईसीजी",
    "ill": "तेज़ बुखार|सीने में दर्द|घुटनों में दर्द|सिर में चक्कर|सूखी खाँसी|उच्च रक्तचाप|मधुमेह|पेट में जलन",
    "drug": "पैरासिटामोल|इंसुलिन|एंटीबायोटिक|विटामिन की गोली|खाँसी की दवा|रक्तचाप की गोली",
    "dose": "एक गोली|आधी गोली|दो चम्मच|एक इंजेक्शन",
    "account": "बचत खाता|चालू खाता|संयुक्त खाता|सावधि जमा खाता|पेंशन खाता",
    "paper": "आधार कार्ड|पैन कार्ड|राशन कार्ड|पासपोर्ट|बिजली का बिल|वेतन पर्ची",
    "loan": "गृह ऋण|शिक्षा ऋण|वाहन ऋण|स्वर्ण ऋण|व्यक्तिगत ऋण",
    "amount": "पाँच हज़ार|दस हज़ार|पच्चीस हज़ार|पचास हज़ार|एक लाख|दो लाख|साढ़े तीन लाख",
    "card": "डेबिट कार्ड|क्रेडिट कार्ड|एटीएम कार्ड",
    "city": "लखनऊ|जयपुर|भोपाल|इंदौर|पटना|नागपुर|कानपुर|वाराणसी",
}
COMMON: Final[dict[str, tuple[str, ...]]] = {
    "clinic": (
        "{day} को {part} {hour} बजे {doctor} से मिलने का समय चाहिए",
        "{person} को दो दिन से {ill} की शिकायत है",
        "{person} की {test} की रिपोर्ट {day} तक मिल जाएगी",
        "{doctor} {part} {hour} बजे तक ही मरीज़ देखते हैं",
        "{person} को दिन में तीन बार {drug} की {dose} देनी है",
        "खाली पेट {test} के लिए {part} {hour} बजे आइए",
        "{ill} में {drug} लेने से पहले {doctor} से पूछ लीजिए",
        "{person} का समय {day} के बजाय {day} {part} कर दीजिए",
        "पुराने पर्चे में {drug} लिखी है पर {ill} कम नहीं हुआ",
        "{test} का शुल्क जमा करके {part} {hour} बजे रिपोर्ट ले जाइए",
    ),
    "bank": (
        "मुझे {city} शाखा में {account} खुलवाना है",
        "{account} खोलने के लिए {paper} और {paper} साथ लाइए",
        "{loan} के लिए {amount} रुपये का आवेदन किया था",
        "मेरा {card} खो गया है कृपया तुरंत बंद कर दीजिए",
        "{person} के {account} से {amount} रुपये कट गए हैं",
        "{city} शाखा {day} को {part} {hour} बजे खुलती है",
        "{loan} की मासिक किस्त {amount} रुपये से कम करवानी है",
        "{paper} की प्रति जमा करने पर नया {card} मिलेगा",
        "{amount} रुपये {account} में {day} तक जमा हो जाएँगे",
        "{person} को {city} शाखा से {loan} की स्वीकृति मिल गई",
    ),
}
UNSEEN: Final[dict[str, tuple[str, ...]]] = {
    "clinic": (
        "क्या {person} को {ill} के कारण {test} करवानी पड़ेगी",
        "{doctor} ने कहा है कि {drug} {part} खाने के बाद लें",
        "अगर {ill} बढ़ जाए तो {day} को सीधे अस्पताल आइए",
    ),
    "bank": (
        "क्या {loan} पर ब्याज {account} से ही कटता है",
        "{city} में {person} का {card} काम नहीं कर रहा",
        "{day} से {amount} रुपये से ऊपर निकालने पर {paper} दिखाना होगा",
    ),
}
NAMED: Final[dict[str, tuple[str, ...]]] = {
    "clinic": (
        "{name} की {test} की रिपोर्ट आ गई है",
        "डॉक्टर {name} {day} को {part} मिलेंगे",
        "कृपया {name} को {hour} बजे अंदर भेजिए",
        "{person} का इलाज {name} कर रहे हैं",
    ),
    "bank": (
        "{name} का {account} {city} शाखा में है",
        "{amount} रुपये {name} को भेज दीजिए",
        "{loan} के कागज़ {name} के पास हैं",
        "प्रबंधक {name} से {day} को बात हुई थी",
    ),
}
STEMS: Final = [
    "हेम",
    "नील",
    "मृग",
    "चित्र",
    "वज्र",
    "शैल",
    "पद्म",
    "सोम",
    "तारक",
    "यम",
    "कुमुद",
    "दंड",
    "भुज",
    "खड़ग",
    "रुद्र",
    "ऐल",
    "जल",
    "धूम",
    "मकर",
    "गरुड़",
]
ENDINGS: Final = [
    "वर्धन",
    "कंठन",
    "धारकर",
    "भूषणे",
    "केतुला",
    "गोडबोले",
    "पल्लीकर",
    "मांजरे",
    "वाडिया",
    "तोडकर",
    "नाथुला",
    "शेखरन",
    "लिंगम",
    "घोटकर",
]


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence. domain: clinic or bank; unseen: of a template that the corpus never uses; name: in it, or ""."""

    text: str
    domain: str
    unseen: bool = False
    name: str = ""


def rare_names(count: int = 60, seed: int = SEED) -> list[str]:
    """Distinct names, in a drawn order."""
    names = [stem + ending for stem in STEMS for ending in ENDINGS]
    return random.Random(seed).sample(names, count)


def held_out(count: int = 240, seed: int = SEED) -> list[Sentence]:
    """Distinct sentences without names, both domains in turn; every third pair follows an unseen template."""
    drawing = random.Random(seed + 1)
    found: dict[str, Sentence] = {}
    while len(found) < count:
        number = len(found)
        domain = ("clinic", "bank")[number % 2]
        unseen = number // 2 % 3 == 2
        text = _fill(drawing.choice((UNSEEN if unseen else COMMON)[domain]), drawing)
        found.setdefault(text, Sentence(text, domain, unseen))
    return list(found.values())


def with_names(count: int = 120, seed: int = SEED) -> list[Sentence]:
    """Sentences with one rare name each, both domains in turn; every name occurs equally often."""
    drawing = random.Random(seed + 2)
    names = rare_names(seed=seed)
    found = []
    for number in range(count):
        domain, name = ("clinic", "bank")[number % 2], names[number % len(names)]
        template = drawing.choice(NAMED[domain]).replace("{name}", name)
        found.append(Sentence(_fill(template, drawing), domain, name=name))
    return found


def tuning(count: int = 60, seed: int = SEED) -> list[Sentence]:
    """Sentences for choosing weights, none of them held out."""
    return _common(count, seed + 3, {sentence.text for sentence in held_out(seed=seed)})


def corpus(count: int = 20_000, seed: int = SEED) -> list[Sentence]:
    """Sentences for a language model: neither held out nor for tuning. Repetitions are meant, as in real talk."""
    kept = {sentence.text for sentence in (*held_out(seed=seed), *tuning(seed=seed))}
    return _common(count, seed + 4, kept)


def _common(count: int, seed: int, kept_apart: set[str]) -> list[Sentence]:
    drawing = random.Random(seed)
    return [
        Sentence(text, domain)
        for domain, text in _take(
            count, ((d, _fill(drawing.choice(COMMON[d]), drawing)) for d in _in_turn()), kept_apart
        )
    ]


def _in_turn() -> Iterator[str]:
    while True:
        yield "clinic"
        yield "bank"


def _take(count: int, drawn: Iterator[tuple[str, str]], kept_apart: set[str]) -> Iterator[tuple[str, str]]:
    while count:
        domain, text = next(drawn)
        if text not in kept_apart:
            count -= 1
            yield domain, text


def _fill(template: str, drawing: random.Random) -> str:
    return re.sub(r"\{(\w+)\}", lambda slot: drawing.choice(SLOTS[slot[1]].split("|")), template)
