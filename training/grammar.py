"""A generator of everyday Hindi sentences with right agreement of gender, number, person and case.

Every sentence is drawn with a seeded `random.Random`; the words come from `lexicon.py` and the numbers from `numbers.py`.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

from . import lexicon as lex
from .numbers import BELOW_HUNDRED, HOURS, MONTHS_DAYS, cardinal, digits, year

_VOWEL_ENDINGS = "ािीुूेैोौआइईउऊएऐओऔ"
_PERFECT_STEM = {"कर": "कि", "जा": "ग", "ले": "लि", "दे": "दि", "पी": "पि", "हो": "हु", "सी": "सि"}
_FUTURE_STEM = {"ले": "ल", "दे": "द"}
_POLITE_STEM = {"कर": "कीज", "ले": "लीज", "दे": "दीज", "पी": "पीज"}


@dataclass(frozen=True)
class Subject:
    text: str
    oblique: str
    person: str  # "1s", "1p", "2", "3s", "3p": what the auxiliary agrees with
    feminine: bool

    @property
    def plural(self) -> bool:
        return self.person in ("1p", "2", "3p")


def oblique(noun: str, plural: bool = False) -> str:
    """The form a noun takes before a postposition."""
    head, _, last = noun.rpartition(" ")
    if last.endswith("ा") and last not in (
        "राजा",
        "पिता",
        "नेता",
        "मामा",
        "चाचा",
        "पापा",
        "माता",
        "दवा",
        "हवा",
        "पूजा",
        "सेवा",
        "भाषा",
        "कक्षा",
        "परीक्षा",
        "यात्रा",
        "छात्रा",
        "महिला",
    ):
        last = last[:-1] + "े"
    return f"{head} {last}" if head else last


def agree(adjective: str, feminine: bool, direct_singular: bool = True) -> str:
    if not adjective.endswith("ा"):
        return adjective
    return adjective[:-1] + ("ी" if feminine else "ा" if direct_singular else "े")


def ending(feminine: bool, plural: bool) -> str:
    return "ी" if feminine else "े" if plural else "ा"


def be(person: str) -> str:
    return {"1s": "हूँ", "2": "हो", "3s": "है"}.get(person, "हैं")


def was(feminine: bool, plural: bool) -> str:
    return ("थीं" if plural else "थी") if feminine else ("थे" if plural else "था")


def perfective(stem: str, feminine: bool, plural: bool) -> str:
    base = _PERFECT_STEM.get(stem, stem)
    if stem in ("जा",):
        return "गई" if feminine else "गए" if plural else "गया"
    if stem == "हो":
        return "हुई" if feminine else "हुए" if plural else "हुआ"
    if stem in _PERFECT_STEM:  # किया, की, किए
        return base[:-1] + "ी" if feminine else base + ("ए" if plural else "या")
    if stem[-1] in _VOWEL_ENDINGS:
        return base + ("ई" if feminine else "ए" if plural else "या")
    return base + ending(feminine, plural)


def future(stem: str, person: str, feminine: bool) -> str:
    base = _FUTURE_STEM.get(stem, stem)
    vowel = base[-1] in _VOWEL_ENDINGS
    middle = {"1s": "ऊँग" if vowel else "ूँग", "2": "ओग" if vowel else "ोग", "3s": "एग" if vowel else "ेग"}
    plural = person in ("1p", "2", "3p")
    return base + middle.get(person, "एँग" if vowel else "ेंग") + ending(feminine, plural)


def polite(stem: str) -> str:
    if stem in _POLITE_STEM:
        return _POLITE_STEM[stem] + "िए"
    return stem + ("इए" if stem[-1] in _VOWEL_ENDINGS else "िए")


def familiar(stem: str) -> str:
    return {"ले": "लो", "दे": "दो", "पी": "पियो"}.get(stem, stem + ("ओ" if stem[-1] in _VOWEL_ENDINGS else "ो"))


class Speaker:
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

    def time(self) -> str:
        part = self.pick(["सुबह", "दोपहर", "शाम", "रात"])
        hour = self.pick(HOURS)
        clock = self.pick(
            [
                f"{hour} बजे",
                f"साढ़े {self.pick(HOURS[2:])} बजे",
                f"सवा {hour} बजे",
                f"पौने {hour} बजे",
                f"{hour} बजकर {self.pick(BELOW_HUNDRED[1:60])} मिनट पर",
                "डेढ़ बजे",
                "ढाई बजे",
            ]
        )
        who = self.subject()
        return self.pick([
            f"{part} {clock} {who.text} {self.conjugate(who, self.pick(lex.VERBS_PLAIN), 'future', False, False, '')[0]}",
            f"बैठक {part} {clock} शुरू होगी", f"इस समय {part} के {hour} बजे हैं", f"मुझे {part} {clock} जगा देना", f"{self.pick(lex.PLACES)} {part} {clock} बंद हो जाता है",
            f"{self.pick(['बस', 'ट्रेन', 'उड़ान', 'गाड़ी'])} {part} {clock} {self.pick(['आएगी', 'जाएगी', 'छूटेगी', 'पहुँचेगी'])}", f"{self.pick(BELOW_HUNDRED[2:60])} {self.pick(['मिनट', 'घंटे', 'दिन', 'सेकंड'])} {self.pick(['रुकिए', 'लगेंगे', 'बाद आना', 'हो गए'])}",
            f"अलार्म {part} {clock} लगा दो",
        ]).replace("-", " ")  # fmt: skip

    def date(self) -> str:
        month = self.pick(lex.MONTHS)
        day = cardinal(self.random.randint(1, MONTHS_DAYS))
        when = self.pick(
            [
                f"{day} {month}",
                f"{day} {month} {year(self.random.randint(1900, 2035))}",
                f"{self.pick(lex.DAYS)} {day} {month}",
                f"{month} {year(self.random.randint(1950, 2030))}",
                f"सन {year(self.random.randint(1200, 2025))}",
            ]
        )
        return self.pick([
            f"{when} को {self.pick(['मेरा जन्मदिन है', 'छुट्टी रहेगी', 'परीक्षा होगी', 'उनकी शादी हुई', 'चुनाव होंगे', 'वह पैदा हुआ था', 'हम मिले थे', 'बैठक है', 'आवेदन की अंतिम तिथि है'])}",
            f"आज {when} है", f"यह {self.pick(['इमारत', 'कंपनी', 'संस्था', 'किताब'])} {when} में {self.pick(['बनी थी', 'शुरू हुई', 'आई थी'])}", f"{self.pick(lex.FESTIVALS)} इस साल {when} को है", f"{when} से {self.pick(lex.DAYS)} तक",
        ]).replace("-", " ")  # fmt: skip

    def money(self) -> str:
        amount = cardinal(int(10 ** self.random.uniform(0.7, 6.5)))
        if self.chance(0.4):
            amount = cardinal(
                self.pick(
                    [
                        5,
                        10,
                        25,
                        50,
                        99,
                        100,
                        150,
                        200,
                        250,
                        500,
                        750,
                        1000,
                        1500,
                        2000,
                        2500,
                        5000,
                        10000,
                        50000,
                        100000,
                    ]
                )
            )
        return self.pick([
            f"इसकी क़ीमत {amount} रुपये है", f"मेरे खाते में {amount} रुपये हैं", f"मुझे {amount} रुपये चाहिए", f"{self.pick(lex.MEN)} ने {amount} रुपये उधार लिए", f"कुल {amount} रुपये हुए", f"{self.thing()[0]} {amount} रुपये {self.pick(['किलो', 'दर्जन', 'लीटर', 'मीटर'])} है",
            f"आपका बिल {amount} रुपये का है", f"{amount} रुपये {self.pick(lex.MEN)} को भेज दो", f"इस महीने {amount} रुपये की बचत हुई", f"{amount} डॉलर", f"{amount} रुपये {self.pick(BELOW_HUNDRED[1:])} पैसे", f"{self.pick(BELOW_HUNDRED[1:])} प्रतिशत की छूट है",
        ])  # fmt: skip

    def count(self) -> str:
        number = cardinal(int(10 ** self.random.uniform(0.3, 7.5)))
        small = self.pick(BELOW_HUNDRED[2:])
        return self.pick([
            f"{number} लोग आए थे", f"मेरे पास {small} {self.pick(['सेब', 'आम', 'सिक्के', 'दोस्त', 'मकान', 'नोट', 'फूल', 'घोड़े'])} हैं", f"{self.pick(lex.CITIES)} की आबादी {number} है", f"तापमान {small} डिग्री है", f"वह {small} साल का है", f"मेरी उम्र {small} साल है",
            f"{small} में से {self.pick(BELOW_HUNDRED[2:])} अंक मिले", f"{self.pick(lex.CITIES)} से {self.pick(lex.CITIES)} {number} किलोमीटर दूर है", f"{self.pick(BELOW_HUNDRED)} दशमलव {self.pick(BELOW_HUNDRED[:10])} {self.pick(BELOW_HUNDRED[:10])}", f"कक्षा में {small} बच्चे हैं", number, f"पेज नंबर {number}",
            f"{small} गुणा {self.pick(BELOW_HUNDRED[2:20])} कितना होता है", f"{self.pick(['दो', 'तीन', 'चार', 'पाँच', 'आधा', 'डेढ़', 'ढाई'])} किलो {self.pick(lex.THINGS_F)} दे दो", f"{self.pick(['पहला', 'दूसरा', 'तीसरा', 'चौथा', 'पाँचवाँ', 'छठा', 'सातवाँ', 'दसवाँ'])} {self.pick(lex.THINGS_M)} मेरा है",
        ])  # fmt: skip

    def phone(self) -> str:
        number = digits(self.pick("6789") + "".join(self.pick("0123456789") for _ in range(self.pick([3, 5, 9, 9]))))
        return self.pick(
            [
                f"मेरा मोबाइल नंबर है {number}",
                f"{number} पर फ़ोन कीजिए",
                number,
                f"पिन कोड {digits(str(self.random.randint(110001, 855117)))}",
                f"मेरा {self.pick(lex.POLITE_NOUNS)} {number} है",
                f"गाड़ी नंबर {number}",
                f"ओटीपी {number} है",
            ]
        )

    def travel(self) -> str:
        here, there = self.pick(lex.CITIES), self.pick([*lex.CITIES, *lex.COUNTRIES, *lex.STATES])
        return self.pick([
            f"{here} से {there} की {self.pick(['ट्रेन', 'उड़ान', 'बस'])} {self.pick(['देर से चल रही है', 'रद्द हो गई है', 'कब जाएगी', 'छूट गई', 'प्लेटफ़ॉर्म नंबर तीन पर आएगी', 'समय पर है'])}", f"हम {self.pick(lex.FUTURE_TIMES)} {there} घूमने जाएँगे", f"मुझे {there} के लिए {self.pick(BELOW_HUNDRED[1:9])} टिकट चाहिए",
            f"{self.pick(lex.PLACES)} के लिए {self.pick(['दाएँ', 'बाएँ', 'सीधे', 'पीछे'])} {self.pick(['मुड़िए', 'जाइए', 'चलिए'])}", f"क्या यह बस {there} जाती है", f"मैं {here} में रहता हूँ और {there} में काम करता हूँ", f"{there} बहुत सुंदर जगह है", f"{there} में {self.pick(['देखने लायक', 'सबसे मशहूर', 'सबसे पुरानी'])} चीज़ क्या है",
            f"ऑटो वाले ने {here} स्टेशन से {self.pick(lex.PLACES)} तक के {cardinal(self.random.randint(20, 400))} रुपये लिए",
        ]).replace("-", " ")  # fmt: skip

    def service(self) -> str:
        thing, detail = self.pick(lex.SERVICES), self.pick(lex.POLITE_NOUNS)
        return self.pick([
            f"कृपया अपना {detail} बताइए", f"मेरा {thing} {self.pick(lex.PROBLEMS)}", f"मैं {thing} के बारे में जानकारी चाहता हूँ", f"मुझे {thing} की शिकायत दर्ज करानी है", f"आपकी शिकायत का नंबर {digits(str(self.random.randint(10**3, 10**6)))} है", f"आपका {thing} {self.pick(['चौबीस घंटे में', 'आज शाम तक', 'तीन दिन में', 'जल्दी ही'])} {self.pick(['चालू', 'ठीक', 'बंद', 'जारी'])} हो जाएगा",
            f"{thing} के लिए एक दबाइए", f"हमारे प्रतिनिधि से बात करने के लिए {self.pick(BELOW_HUNDRED[:10])} दबाएँ", "आपकी कॉल हमारे लिए महत्वपूर्ण है", f"क्या मैं आपका {detail} जान {self.pick(['सकता', 'सकती'])} हूँ", "असुविधा के लिए हमें खेद है", f"मैं आपकी क्या सहायता कर {self.pick(['सकता', 'सकती'])} हूँ", f"मैं अपना {thing} {self.pick(['बंद', 'शुरू', 'रद्द', 'अपग्रेड', 'ट्रांसफ़र'])} करवाना चाहती हूँ",
            f"{self.pick(lex.SERVICES)} में {self.pick(['समस्या', 'देरी', 'ग़लती', 'परेशानी'])} आ रही है", f"मेरा {detail} बदलना है", "लाइन पर बने रहिए", f"आपका {self.pick(['भुगतान', 'आवेदन', 'ऑर्डर', 'अनुरोध'])} {self.pick(['सफल रहा', 'असफल रहा', 'मिल गया है', 'प्रक्रिया में है', 'स्वीकार कर लिया गया है'])}",
        ])  # fmt: skip

    def loan(self) -> str:
        one, two = self.pick(lex.LOANS), self.pick(lex.LOANS)
        who = self.subject()
        return self.pick([
            f"{one} और {two}", f"मुझे {one} के बारे में बताओ", f"{who.text} {one} के लिए {two} {self.conjugate(who, 'ढूँढ', 'now', True, False, '')[0]}", f"{one} का इस्तेमाल {self.pick(['बढ़ रहा है', 'कम हो गया है', 'मत करो', 'आसान है'])}", f"नया {one} कब आएगा", f"{self.pick(lex.MEN)} का {one} {self.pick(lex.PROBLEMS)}", f"आज {one} में {two} है", f"{one} से पहले {two} चेक कर लो",
            f"{self.pick(lex.CITIES)} में {one} बहुत {self.pick(['महँगा', 'सस्ता', 'मशहूर'])} है", f"क्या आपके पास {one} है", f"मैंने {one} {self.pick(['ऑर्डर', 'बुक', 'कैंसिल', 'अपडेट', 'सेव', 'डिलीट', 'शेयर'])} कर दिया",
        ])  # fmt: skip

    def health(self) -> str:
        return self.pick([
            f"मुझे {self.pick(lex.PAST_TIMES)} से {self.pick(lex.BODY)} {self.pick(['तेज़ दर्द', 'दर्द', 'सूजन', 'जलन', 'खुजली'])} है", f"{self.pick(lex.MEN)} को {self.pick(['बुख़ार', 'ज़ुकाम', 'खाँसी', 'मलेरिया', 'डेंगू', 'मधुमेह', 'सिरदर्द', 'एलर्जी'])} है", f"दिन में {self.pick(['दो', 'तीन', 'चार'])} बार {self.pick(['खाने के बाद', 'खाने से पहले', 'दूध के साथ'])} दवा लीजिए",
            f"मुझे {self.pick(lex.EMOTIONS)} लग रही है", f"{self.pick(lex.MEN)} को {self.pick(lex.EMOTIONS)} हुई", f"डॉक्टर ने {self.pick(['आराम करने', 'ज़्यादा पानी पीने', 'रोज़ टहलने', 'नमक कम खाने', 'जाँच कराने', 'चश्मा लगाने'])} को कहा है", f"{self.pick(lex.BODY)} चोट लग गई", "सुबह जल्दी उठना सेहत के लिए अच्छा है",
        ])  # fmt: skip

    def weather(self) -> str:
        return self.pick([
            f"{self.pick([*lex.CITIES, *lex.STATES, 'बाहर', 'यहाँ', 'पहाड़ों में'])} {self.pick(['में', 'में आज', 'में सुबह से', 'में कल से'])} {self.pick(lex.WEATHER)}", f"आज {self.pick(lex.WEATHER)}", f"{self.pick(lex.DAYS)} को {self.pick(lex.CITIES)} में {self.pick(['भारी', 'हल्की', 'तेज़'])} बारिश {self.pick(['हुई', 'होगी', 'हो सकती है'])}", f"छाता ले जाओ {self.pick(lex.WEATHER)}",
            f"अधिकतम तापमान {self.pick(BELOW_HUNDRED[15:49])} डिग्री और न्यूनतम {self.pick(BELOW_HUNDRED[2:30])} डिग्री रहा",
        ])  # fmt: skip

    def news(self) -> str:
        place = self.pick([*lex.CITIES, *lex.STATES, *lex.COUNTRIES])
        head = self.pick(
            [
                "प्रधानमंत्री",
                "मुख्यमंत्री",
                "राष्ट्रपति",
                "वित्त मंत्री",
                "पुलिस",
                "अदालत",
                "सरकार",
                "विपक्ष",
                "वैज्ञानिकों",
                "किसानों",
                "चुनाव आयोग",
                "रेलवे",
                "विदेश मंत्रालय",
                "स्वास्थ्य विभाग",
                f"{self.pick(lex.MEN)} {self.pick(lex.SURNAMES)}",
            ]
        )
        topic = self.pick(
            [
                "शिक्षा",
                "स्वास्थ्य",
                "रोज़गार",
                "महँगाई",
                "सुरक्षा",
                "बिजली",
                "पर्यावरण",
                "प्रदूषण",
                "खेती",
                "व्यापार",
                "चुनाव",
                "भ्रष्टाचार",
                "विकास",
                "निवेश",
                "सिंचाई",
                "परिवहन",
                "पर्यटन",
                *lex.SUBJECTS,
                *lex.LOANS[:60],
            ]
        )
        return self.pick([
            f"{head} ने {place} में {topic} {self.pick(['पर चर्चा की', 'के मुद्दे पर बयान दिया', 'की नई योजना शुरू की', 'के लिए समिति बनाई', 'को लेकर चिंता जताई', 'का विरोध किया', 'के ख़िलाफ़ प्रदर्शन किया', 'से जुड़ा फ़ैसला सुनाया'])}", f"{head} ने कहा कि {topic} {self.pick(['हमारी प्राथमिकता है', 'में सुधार हुआ है', 'पर ध्यान देना ज़रूरी है', 'की स्थिति गंभीर है', 'के बिना प्रगति संभव नहीं'])}",
            f"{place} में {self.pick(['सड़क दुर्घटना', 'बाढ़', 'भूकंप', 'आग', 'तूफ़ान', 'हमले'])} में {self.pick(BELOW_HUNDRED[2:])} लोग घायल हो गए", f"{place} ने {self.pick(lex.COUNTRIES)} को {self.pick(BELOW_HUNDRED[1:])} {self.pick(['रन', 'गोल', 'विकेट', 'अंक'])} से हराया", f"{place} की अर्थव्यवस्था {self.pick(BELOW_HUNDRED[2:20])} प्रतिशत {self.pick(['बढ़ी', 'घटी'])} है", f"{place} और {self.pick(lex.COUNTRIES)} के बीच {topic} पर समझौता हुआ",
        ])  # fmt: skip

    def family(self) -> str:
        man, woman = self.pick(lex.MEN), self.pick(lex.WOMEN)
        return self.pick([
            f"{man} {woman} का {self.pick(['भाई', 'बेटा', 'पति', 'दोस्त', 'चाचा', 'मामा', 'नाना', 'ससुर', 'भतीजा'])} है", f"{woman} {man} की {self.pick(['बहन', 'बेटी', 'पत्नी', 'सहेली', 'चाची', 'मौसी', 'नानी', 'सास', 'भाभी'])} है", f"हमारे परिवार में {self.pick(BELOW_HUNDRED[2:15])} लोग हैं", f"मेरे {self.pick(['पिताजी', 'भाई', 'चाचा', 'दादाजी'])} {self.pick(lex.JOBS)} हैं", f"{man} और {woman} की शादी {self.pick(lex.FUTURE_TIMES)} है",
            f"{woman} के {self.pick(['दो', 'तीन', 'चार'])} बच्चे हैं", f"{self.pick(lex.FESTIVALS)} पर पूरा परिवार इकट्ठा होता है".replace("-", " "), f"{self.pick(lex.ELDERS_F)} ने {self.pick(PEERS_TO)} {self.pick(['डाँटा', 'समझाया', 'बुलाया', 'कहानी सुनाई', 'गले लगाया', 'आशीर्वाद दिया'])}",
        ])  # fmt: skip

    def place(self) -> str:
        word = self.thing()[0]
        return f"{word} {self.pick(lex.PLACES_AT)} {self.pick(['है', 'नहीं है', 'रखा है', 'मिलेगा', 'मिल गया', 'छूट गया', 'था'])}"

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

    def introduction(self) -> str:
        name = f"{self.pick(lex.MEN + lex.WOMEN)} {self.pick(lex.SURNAMES)}"
        return self.pick(
            [
                f"मेरा नाम {name} है",
                f"मैं {name} बोल रहा हूँ",
                f"{name} {self.pick(lex.CITIES)} के रहने वाले हैं",
                f"क्या {name} से बात हो सकती है",
                f"{name} एक {self.pick(['जाने माने', 'मशहूर', 'बड़े', 'युवा'])} {self.pick(lex.JOBS)} हैं",
                f"{name} {self.pick(lex.SUBJECTS)} {self.pick(['पढ़ाते', 'सीखते', 'पसंद करते'])} हैं",
                f"मकान नंबर {self.pick(BELOW_HUNDRED[1:])} {self.pick(lex.MEN)} नगर {self.pick(lex.CITIES)}",
                name,
            ]
        )

    def saying(self) -> str:
        return self.pick([*lex.PROVERBS, *lex.GREETINGS, *lex.SPELLING])

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


PEERS_TO = [f"{noun} को" for noun in ("बच्चे", "बेटे", "बेटी", "पोते", "लड़के", "बहू")]
