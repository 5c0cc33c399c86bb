"""Spoken Hindi with numbers in it, drawn with a fixed seed; the words of numbers come from indic-numtowords.

python -m tests.itn.cases > CASES writes one "class<TAB>spoken words" a line, for reference.py.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from indic_numtowords import num2words

MONTHS = "जनवरी फ़रवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर".split()
CARRIERS = ["{}", "इस किताब में {} पन्ने हैं", "कुल {} लोग आए थे", "गाँव में {} घर हैं", "उसने {} पेड़ लगाए"]
DATE_CARRIERS = ["{}", "यह घटना {} को हुई", "बैठक {} को होगी"]
CLOCK_CARRIERS = ["{}", "गाड़ी {} आएगी", "हम {} निकलेंगे"]
MONEY_CARRIERS = ["{}", "इसकी कीमत {} है", "मैंने उसे {} दिए"]
PLAIN = [
    "आज मौसम बहुत अच्छा है",
    "मुझे पानी चाहिए",
    "वह रोज़ सुबह टहलने जाता है",
    "बच्चे मैदान में खेल रहे हैं",
    "कल हम बाज़ार गए थे",
    "रेल समय पर आ गई",
    "किसान खेत में काम कर रहा है",
    "यह सड़क शहर को जाती है",
    "माँ ने खाना बनाया",
    "पहले आओ फिर बात करेंगे",
    "दूसरे लोग भी आए",
    "दोनों भाई साथ रहते हैं",
    "हज़ारों लोग आए",
    "लाखों का नुकसान हुआ",
    "सैकड़ों साल पुराना मंदिर",
    "वह मेरे साथ चला गया",
]
AMBIGUOUS = ["एक दिन राजा आया", "मुझे एक बात कहनी है", "यह किताब मुझे दो", "उसे जाने दो", "एक लड़का और एक लड़की"]


def words(number: int) -> str:
    return str(num2words(number, lang="hi"))


def cases() -> Iterator[tuple[str, str]]:
    """Class and spoken words of each case."""
    rng = random.Random(7)
    for number in range(100):
        yield "cardinal", words(number)
    for digits in range(3, 10):
        for _ in range(45):
            yield "cardinal", _cardinal(rng, 10 ** (digits - 1), 10**digits)
    for kind, count, draw in DRAWN:
        for _ in range(count):
            yield kind, draw(rng)
    yield from (("plain", sentence) for sentence in PLAIN)
    yield from (("ambiguous", sentence) for sentence in AMBIGUOUS)


def _cardinal(rng: random.Random, low: int, high: int) -> str:
    number = rng.randrange(low, high)
    return rng.choice(CARRIERS).format(words(number))


def _percent(rng: random.Random) -> str:
    return rng.choice(["{}", "इसमें {} की बढ़त हुई"]).format(f"{words(rng.randrange(1, 101))} प्रतिशत")


def _decimal(rng: random.Random) -> str:
    decimals = " ".join(words(rng.randrange(10)) for _ in range(rng.randrange(1, 4)))
    return f"{words(rng.randrange(200))} दशमलव {decimals}"


def _ordinal(rng: random.Random) -> str:
    stem = words(rng.choice([*range(7, 100), *range(101, 1000, 37)]))
    return f"{stem}{rng.choice(['वाँ', 'वां', 'वीं', 'वें'])}"


def _phone(rng: random.Random) -> str:
    digits = [rng.randrange(6, 10), *(rng.randrange(10) for _ in range(9))]
    return " ".join(words(digit) for digit in digits)


def _date(rng: random.Random) -> str:
    day = f"{words(rng.randrange(1, 32))} {rng.choice(MONTHS)}"
    year = rng.randrange(1900, 2050)
    if year < 2000:
        return f"{day} उन्नीस सौ {words(year - 1900) if year > 1900 else ''}".strip()
    return rng.choice([day, f"{day} {words(year)}"])


def _time(rng: random.Random) -> str:
    hour = words(rng.randrange(2, 13))
    minutes = words(rng.randrange(1, 60))
    quarter = f"{rng.choice(['सवा', 'साढ़े', 'पौने'])} {words(rng.randrange(3, 13))} बजे"
    return rng.choice([f"{hour} बजे", quarter, "डेढ़ बजे", "ढाई बजे", f"{hour} बजकर {minutes} मिनट"])


def _money(rng: random.Random) -> str:
    rupees = words(rng.choice([rng.randrange(1, 100), rng.randrange(100, 10**5), rng.randrange(10**5, 10**8)]))
    return rng.choice([f"{rupees} रुपये", f"{rupees} रुपए", f"{rupees} रुपये {words(rng.randrange(1, 100))} पैसे"])


def _quarters(rng: random.Random) -> str:
    scale = rng.choice(["सौ", "हज़ार", "लाख", "करोड़"])
    quarter = rng.choice(["डेढ़", "ढाई", *(f"{word} {words(rng.randrange(3, 10))}" for word in ("सवा", "साढ़े", "पौने"))])
    return f"{quarter} {scale}"


# Class, how many are drawn, and how.
DRAWN: Final[Sequence[tuple[str, int, Callable[[random.Random], str]]]] = (
    ("cardinal", 60, lambda rng: rng.choice(CARRIERS).format(words(rng.randrange(3, 100)))),
    ("date", 150, lambda rng: rng.choice(DATE_CARRIERS).format(_date(rng))),
    ("time", 150, lambda rng: rng.choice(CLOCK_CARRIERS).format(_time(rng))),
    ("money", 120, lambda rng: rng.choice(MONEY_CARRIERS).format(_money(rng))),
    ("percent", 60, _percent),
    ("decimal", 100, _decimal),
    ("ordinal", 100, _ordinal),
    ("phone", 80, _phone),
    ("quarters", 80, _quarters),
)


if __name__ == "__main__":
    for kind, spoken in dict.fromkeys(cases()):
        print(f"{kind}\t{spoken}")
