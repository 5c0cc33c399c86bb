# ruff: noqa: E501, D102, FBT001, FBT003, C901, PLR0911 -- a template reads best on one line; a gender is a flag;
# the persons of the language are many
"""A generator of everyday Hindi sentences with right agreement of gender, number, person and case.

Every sentence is drawn with a seeded `random.Random`; the words come from `lexicon.py` and the numbers from `numbers.py`.

Longer than 300 lines: most of it is sentences.
"""

import random
from collections.abc import Callable

from . import lexicon as lex
from .agreement import Subject, agree, be, ending, familiar, future, oblique, perfective, polite, was
from .topics import Topics


class Speaker(Topics):
    """Draws sentences. `nouns` widens the lexicon: (singular, feminine) pairs from a dictionary."""

    def __init__(self, seed: int, nouns: list[tuple[str, bool]] | None = None, adjectives: list[str] | None = None):
        self.random = random.Random(seed)
        self.own_things = [(word, False) for word in lex.THINGS_M] + [(word, True) for word in lex.THINGS_F]
        self.gender = dict(self.own_things)
        self.nouns = nouns or self.own_things
        self.adjectives = adjectives or lex.ADJECTIVES
        self.kinds: list[Callable[[], str]] = [
            *[self.event] * 10, *[self.request] * 3, *[self.question] * 4, self.description, self.description, self.description,
            self.time, self.date, self.money, self.count, self.phone, self.travel, self.service, self.service, self.loan, self.loan,
            self.health, self.weather, self.news, self.news, self.family, self.place, self.compound, self.compound, self.obligation,
            self.obligation, self.wish, self.ability, self.comparison, self.introduction, self.saying, self.dictionary, self.dictionary,
        ]  # fmt: skip

    def pick(self, items: list):
        return items[int(self.random.random() * len(items))]

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def subject(self) -> Subject:
        feminine = self.chance(0.5)
        kind = self.random.random()
        if kind < 0.18:
            return Subject("मैं", "मैं", "1s", feminine)
        if kind < 0.27:
            return Subject("हम", "हम", "1p", False)
        if kind < 0.33:
            return Subject("तुम", "तुम", "2", feminine)
        if kind < 0.42:
            return Subject("आप", "आप", "3p", feminine)
        if kind < 0.52:
            return Subject("वह", "उस", "3s", feminine)
        if kind < 0.56:
            return Subject("वे", "उन्हों", "3p", False)
        if kind < 0.70:
            name = self.pick(lex.WOMEN if feminine else lex.MEN)
            if self.chance(0.15):
                return Subject(f"{name} जी", f"{name} जी", "3p", feminine)
            return Subject(name, name, "3s", feminine)
        if kind < 0.80:
            noun = self.pick(lex.ELDERS_F if feminine else lex.ELDERS_M)
            owner = self.pick(
                ["मेरे", "हमारे", "उसके", "आपके", "उनके", ""] if not feminine else ["मेरी", "हमारी", "उसकी", "आपकी", ""]
            )
            return Subject(f"{owner} {noun}".strip(), f"{owner} {noun}".strip(), "3p", feminine)
        if kind < 0.92:
            noun = self.pick(lex.PEERS_F if feminine else lex.PEERS_M)
            owner = self.pick(["मेरा", "हमारा", "उसका", "आपका", "एक", "यह", "वह", "वही"])
            direct = f"{agree(owner, feminine) if owner.endswith('ा') else owner} {noun}"
            bent = {"यह": "इस", "वह": "उस", "वही": "उसी"}.get(
                owner, agree(owner, feminine, False) if owner.endswith("ा") else owner
            )
            return Subject(direct, f"{bent} {oblique(noun) if not feminine else noun}", "3s", feminine)
        noun = self.pick(lex.PLURAL_F if feminine else lex.PLURAL_M)
        bent = {"बच्चे": "बच्चों", "लोग": "लोगों", "लड़के": "लड़कों", "दोस्त": "दोस्तों", "किसान": "किसानों", "छात्र": "छात्रों", "लड़कियाँ": "लड़कियों",
                "औरतें": "औरतों", "खिलाड़ी": "खिलाड़ियों"}.get(noun)  # fmt: skip
        return Subject(noun, bent or "सब", "3p", feminine) if bent else Subject("लोग", "लोगों", "3p", False)

    def thing(self, noun: str | None = None) -> tuple[str, bool]:
        """A noun phrase in the direct singular, with its gender."""
        word, feminine = (
            (noun, self.gender.get(noun, noun.endswith(("ी", "ाई")))) if noun else self.pick(self.own_things)
        )
        roll = self.random.random()
        if roll < 0.25:
            return f"{agree(self.pick(lex.ADJECTIVES_A), feminine)} {word}".replace("-", " "), feminine
        if roll < 0.4:
            return f"{self.pick(lex.ADJECTIVES)} {word}".replace("-", " "), feminine
        if roll < 0.5:
            return (
                f"{self.pick(['एक', 'यह', 'वह', 'वही', 'कोई', 'सिर्फ़ एक', 'बहुत सारा' if not feminine else 'बहुत सारी'])} {word}",
                feminine,
            )
        return word, feminine

    def event(self) -> str:
        """Someone did, does, is doing or will do something, somewhere, somehow."""
        who = self.subject()
        tense = self.pick(["habit", "habit", "now", "now", "future", "past", "past", "past", "perfect", "was"])
        moment = {
            "habit": lex.HABIT_TIMES,
            "future": lex.FUTURE_TIMES,
            "now": ["अभी", "इस समय", "आज", "आजकल", "कब से", "सुबह से"],
        }.get(tense, lex.PAST_TIMES)
        adverbs = ([self.pick(moment)] if self.chance(0.55) else []) + (
            [self.pick(lex.PLACES_AT)] if self.chance(0.3) else []
        )
        manner = [self.pick(lex.MANNERS)] if self.chance(0.15) else []
        no = "नहीं " if self.chance(0.12) else ""
        transitive = self.chance(0.7)
        if transitive:
            stem = self.pick(list(lex.VERBS_TRANSITIVE))
            what, what_feminine = self.thing(self.pick(lex.VERBS_TRANSITIVE[stem]))
        else:
            stem, what, what_feminine = self.pick(lex.VERBS_PLAIN), "", False
            if stem in ("जा", "आ", "पहुँच", "लौट", "चल") and self.chance(0.6):
                what = self.pick([*lex.PLACES, *lex.CITIES]).replace("-", " ")
        verb, ergative = self.conjugate(who, stem, tense, transitive, what_feminine, no)
        agent = self.ergative(who) if ergative else who.text
        order = [agent, *adverbs, *manner] if self.chance(0.6) else [*adverbs, agent, *manner]
        return " ".join([*order, what, verb])

    def ergative(self, who: Subject) -> str:
        return {"मैं": "मैंने", "हम": "हमने", "तुम": "तुमने", "आप": "आपने", "वह": "उसने", "वे": "उन्होंने"}.get(
            who.text, f"{who.oblique} ने"
        )

    def conjugate(
        self, who: Subject, stem: str, tense: str, transitive: bool, what_feminine: bool, no: str
    ) -> tuple[str, bool]:
        mark = ending(who.feminine, who.plural)
        if tense == "habit":
            if self.chance(0.2):
                return f"{no}{stem}त{mark} {was(who.feminine, who.plural)}", False
            return f"{no}{stem}त{mark} {be(who.person)}", False
        if tense in ("now", "was"):
            tail = be(who.person) if tense == "now" else was(who.feminine, who.plural)
            return f"{no}{stem} रह{mark} {tail}", False
        if tense == "future":
            return no + future(stem, who.person, who.feminine), False
        ergative = transitive and stem not in ("भूल", "बोल")
        feminine, plural = (what_feminine, False) if ergative else (who.feminine, who.plural)
        form = perfective(stem, feminine, plural)
        if tense == "perfect":
            form += " " + (be(who.person) if not ergative else "है")
        elif self.chance(0.25):
            form += " " + was(feminine, plural)
        elif not no and self.chance(0.2) and not stem.endswith(("ले", "दे", "जा", "आ")):
            form = f"{stem} {perfective(self.pick(['ले', 'दे']) if ergative else 'जा', feminine, plural)}"
        elif feminine and plural and not ergative:
            form = form + "ं" if form.endswith("ी") else form + "ं" if form.endswith("ई") else form
        return no + form, ergative

    def action(self) -> tuple[str, str, bool]:
        stem = self.pick(list(lex.VERBS_TRANSITIVE))
        what, feminine = self.thing(self.pick(lex.VERBS_TRANSITIVE[stem]))
        return stem, what, feminine

    def request(self) -> str:
        stem, what, _ = self.action()
        start = self.pick(
            ["", "", "कृपया ", "ज़रा ", "जल्दी से ", "आप ", "पहले ", "अब ", "भाई साहब ", "बेटा ", "मेरे लिए ", "सुनो "]
        )
        form = self.pick(
            [
                polite(stem),
                polite(stem),
                familiar(stem),
                polite(stem) + "गा",
                f"{stem}ना",
                f"मत {familiar(stem)}",
                f"{stem}कर आना",
            ]
        )
        return f"{start}{self.pick([*lex.PLACES_AT, '', '', '', ''])} {what} {form}"

    def question(self) -> str:
        who = self.subject()
        word = self.pick(["क्या", "कब", "कहाँ", "क्यों", "कैसे", "कितने बजे", "किसके साथ", "किसलिए", "कौन सा रास्ता", "और क्या"])
        tense = self.pick(["habit", "now", "future", "past"])
        if self.chance(0.3):
            return self.pick([
                f"यह {self.thing()[0]} कितने का है", f"आपका {self.pick(lex.PEERS_M)} क्या करता है", f"{self.pick(lex.CITIES)} यहाँ से कितनी दूर है", f"क्या आपको {self.pick(lex.LANGUAGES)} आती है",
                f"{self.pick(lex.FESTIVALS)} कब है".replace("-", " "), f"तुम्हारा पसंदीदा {self.pick(['रंग', 'खाना', 'खेल', 'विषय', 'फल', 'गाना', 'शहर', 'लेखक'])} कौन सा है",
                f"{self.pick(lex.PLACES)} कहाँ है".replace("-", " "), f"क्या {self.thing()[0]} मिलेगा", f"इस {self.pick(lex.THINGS_M)} में क्या है", "आज कौन सा दिन है", f"आपके कितने {self.pick(['बच्चे', 'भाई', 'दोस्त', 'मकान'])} हैं",
                f"{self.pick(lex.STATES)} की राजधानी क्या है", f"कौन {self.pick(['जानता', 'कहता', 'मानता', 'समझता'])} है", f"{self.pick(lex.MEN)} और {self.pick(lex.WOMEN)} कहाँ रहते हैं", f"ट्रेन कितने बजे {self.pick(lex.CITIES)} पहुँचेगी",
            ])  # fmt: skip
        if word == "क्या" or self.chance(0.3):
            stem, what, feminine = self.action()
            verb, ergative = self.conjugate(who, stem, tense, True, feminine, "")
            return f"क्या {self.ergative(who) if ergative else who.text} {what} {verb}"
        stem = self.pick(lex.VERBS_PLAIN)
        verb, _ = self.conjugate(who, stem, tense, False, False, "")
        return f"{who.text} {word} {verb}"

    def description(self) -> str:
        word, feminine = self.pick(self.own_things)
        owner = agree(
            self.pick(
                [
                    "मेरा",
                    "तुम्हारा",
                    "हमारा",
                    "आपका",
                    "उसका",
                    "उनका",
                    f"{self.pick(lex.MEN)} का",
                    f"{self.pick(lex.WOMEN)} का",
                ]
            ),
            feminine,
        )
        degree = self.pick(
            ["बहुत", "काफ़ी", "थोड़ा" if not feminine else "थोड़ी", "सबसे", "बिलकुल", "इतना" if not feminine else "इतनी", ""]
        )
        quality = self.pick([*lex.ADJECTIVES, *lex.ADJECTIVES_A[:30]])
        tail = self.pick(
            [
                "है",
                "है",
                "है",
                "था" if not feminine else "थी",
                "नहीं है",
                "होना चाहिए" if not feminine else "होनी चाहिए",
                "लगता है" if not feminine else "लगती है",
            ]
        )
        who = self.subject()
        return self.pick([
            f"{owner} {word} {degree} {agree(quality, feminine)} {tail}",
            f"यह {word} {degree} {agree(quality, feminine)} {tail}",
            f"{who.text} {self.pick(['बहुत', 'आज', 'काफ़ी', 'अब', 'थोड़े' if not who.feminine else 'थोड़ी'])} {self.pick(lex.STATES_OF)} {be(who.person)}",
            f"{self.pick(lex.PLACES_AT)} {self.pick(['एक', 'कोई', 'बहुत'])} {agree(quality, feminine)} {word} {'पड़ी' if feminine else 'पड़ा'} है",
            f"मुझे {agree(quality, feminine)} {word} पसंद है", f"मुझे {word} {'अच्छी' if feminine else 'अच्छा'} {'लगती' if feminine else 'लगता'} है",
        ]).replace("-", " ")  # fmt: skip

    def compound(self) -> str:
        joint = self.pick(["और", "लेकिन", "क्योंकि", "इसलिए", "फिर", "या", "तो", "जब कि", "मगर", "कि", "ताकि", "हालाँकि"])
        if joint == "कि":
            return f"{self.pick(['उसने कहा', 'मुझे लगता है', 'सच यह है', 'मैं जानता हूँ', 'सब कहते हैं', 'ऐसा लगता है', 'मुझे पता नहीं', 'शायद उसे मालूम है'])} कि {self.pick([self.event, self.description, self.weather])()}"
        if self.chance(0.3):
            who = self.subject()
            stem, what, _ = self.action()
            return f"{who.text} {what} {stem}कर {self.pick(lex.PLACES)} {future(self.pick(['जा', 'आ', 'लौट', 'पहुँच']), who.person, who.feminine)}".replace(
                "-", " "
            )
        return f"{self.pick([self.event, self.description, self.weather])()} {joint} {self.pick([self.event, self.description, self.obligation])()}"

    def to_whom(self) -> str:
        return self.pick(
            [
                "मुझे",
                "हमें",
                "तुम्हें",
                "आपको",
                "उसे",
                "उन्हें",
                "सबको",
                f"{self.pick(lex.MEN)} को",
                f"{self.pick(lex.WOMEN)} को",
                "मेरी बहन को",
                "मेरे भाई को",
                "बच्चों को",
                "लोगों को",
            ]
        )

    def obligation(self) -> str:
        stem, what, feminine = self.action()
        ought = self.pick(
            [
                "चाहिए",
                "पड़ेगी" if feminine else "पड़ेगा",
                "है",
                "थी" if feminine else "था",
                "होगी" if feminine else "होगा",
                "पड़ी" if feminine else "पड़ा",
            ]
        )
        return f"{self.to_whom()} {self.pick(['', '', *lex.FUTURE_TIMES])} {what} {stem}न{'ी' if feminine else 'ा'} {ought}"

    def wish(self) -> str:
        who = self.subject()
        stem, what, _ = self.action()
        mark = ending(who.feminine, who.plural)
        return self.pick(
            [
                f"{who.text} {what} {stem}ना चाहत{mark} {be(who.person)}",
                f"{self.to_whom()} {self.pick(['चाय', 'कॉफ़ी', 'पानी', self.thing()[0]])} चाहिए",
                f"काश {who.text} {what} {stem} सकत{mark}",
                f"{who.text} {what} {stem}ने {self.pick(['की कोशिश कर', 'के लिए जा', 'की सोच'])} रह{mark} {be(who.person)}",
                f"अगर {self.pick(['समय मिला', 'बारिश नहीं हुई', 'पैसे हुए', 'तुम आए'])} तो {who.text} {what} {future(stem, who.person, who.feminine)}",
            ]
        )

    def ability(self) -> str:
        who = self.subject()
        stem, what, _ = self.action()
        mark = ending(who.feminine, who.plural)
        return f"{who.text} {self.pick(['', 'अब', 'अकेले', 'आसानी से', 'कभी'])} {what} {self.pick(['', 'नहीं '])}{stem} {self.pick(['सक', 'पा', 'चुक'])}त{mark} {be(who.person)}"

    def comparison(self) -> str:
        one, feminine = self.pick(self.own_things)
        two, _ = self.pick(self.own_things)
        quality = agree(self.pick([*lex.ADJECTIVES_A[:26], *lex.ADJECTIVES]), feminine).replace("-", " ")
        return self.pick(
            [
                f"{one} {oblique(two)} से {self.pick(['ज़्यादा', 'कम', 'बहुत', ''])} {quality} है",
                f"{self.pick(lex.CITIES)} {self.pick(lex.CITIES)} से {self.pick(['बड़ा', 'छोटा', 'दूर', 'साफ़', 'ठंडा', 'गर्म'])} है",
                f"जितना {quality} {one} उतना अच्छा",
                f"न {one} है न {two}",
                f"{one} या {two} में से क्या लोगे",
            ]
        )

    def dictionary(self) -> str:
        """Sentences around a noun or an adjective from a whole dictionary: for breadth of words."""
        (one, feminine), (two, _) = self.pick(self.nouns), self.pick(self.nouns)
        mark, quality = ("ी" if feminine else "ा"), self.pick(self.adjectives)
        return self.pick([
            f"यह {quality} {one} है", f"मुझे {one} और {two} चाहिए", f"उसक{mark} {one} {quality} है", f"क्या आपने {one} देख{mark}", f"{one} के बिना {two} अधूर{mark} है", f"{one} और {two} के बारे में बताइए", f"हमने {quality} {one} देख{mark}", f"{self.pick(lex.CITIES)} में {one} मिलत{mark} है",
            f"{one} का अर्थ {two} नहीं होता", f"{quality} {one} किसे कहते हैं", f"वहाँ न {one} था न {two}", f"आज हम {one} के विषय में पढ़ेंगे", f"{one} से {two} तक", f"{self.subject().text} और {one}",
        ])  # fmt: skip

    def sentence(self) -> str:
        return " ".join(self.pick(self.kinds)().replace("-", " ").split())
