"""Names and sayings that are known by their form: तीस हज़ारी, तीन बत्ती चौराहा, न तीन में न तेरह में."""

from __future__ import annotations

from typing import Final

from hindi_stt.text.hi import contexts
from hindi_stt.text.hi.number_words import SCALES, UNITS
from hindi_stt.text.hi.phrase import Phrase
from hindi_stt.text.hi.spelling import key

__all__ = ["is_part_of_a_name"]

# Feminine nouns, and masculine ones in -ā, have a plural of their own. Behind a number they stand in it; in a name they
# do not.
_SINGULAR_ENDINGS: Final = ("ी", "ा")
_AGENT_ENDINGS: Final = ("कारी", "चारी", "धारी", "वासी", "यात्री", "ार्थी", "वादी", "योगी", "भागी", "वाला", "ीय", "पति")
# An āna was a sixteenth of a rupee; "दो आने वाले हैं" are two who come.
_COINS: Final = contexts.keys_of("आने आना")
_COMING: Final = contexts.keys_of("वाला वाले वाली को के से लगे")
_NO_THINGS: Final = (
    contexts.MEASURES
    | contexts.TIMES
    | contexts.SERVED
    | contexts.POSTPOSITIONS
    | contexts.OVER
    | contexts.POINT
    | contexts.JOINTS
    | SCALES.keys()
    | UNITS.keys()
)
_NEITHER_WITHIN: Final = 4
_FOUR: Final = key("चार")
_PRICES: Final = contexts.keys_of(
    "महँगा महँगी सस्ता सस्ती बढ़ा बढ़ी बढ़े घटा घटी घटे कम प्रति लीटर यूनिट सिक्का सिक्के बढ़कर गिरकर मज़बूत टूटा"
)
_TWELVE: Final = key("बारह")
_STRIKES: Final = contexts.keys_of("बजा बजाना बजाने बजाई बजाए बजाएँगे बजाऊँगा")
_WHOSE: Final = contexts.POSSESSIVES - contexts.POSTPOSITIONS
_AND: Final = key("और")
_OF: Final = key("के")
_OF_ONE: Final = contexts.keys_of("का की के")
_MADE: Final = tuple(map(key, ("कर", "बन", "हो", "सुना", "लगा")))
_WHERE: Final = contexts.keys_of("जहाँ जितने जितनी")
_THERE: Final = contexts.keys_of("वहाँ उतने उतनी")


def is_part_of_a_name(phrase: Phrase, i: int, end: int) -> bool:
    """Tell whether a number is part of a name or a saying, and therefore stays in words.

    Args:
        phrase: The words.
        i: First word of the number.
        end: Word behind the number.

    Returns:
        Whether it is.
    """
    after = phrase.key(end)
    if after in contexts.ADJECTIVE_ENDINGS:
        return True
    if end == i + 1 and phrase.keys[i] == _TWELVE and _is_ruin(phrase, i):
        return True
    if end == i + 1 and _is_some_money(phrase, i):
        return True
    if after in _COINS and phrase.key(end + 1) not in _COMING:
        return True
    return end == i + 1 and any(
        rule(phrase, i)
        for rule in (_names_a_place, _neither_nor, _where_there, _doubles, _one_made_more, _one_and_more)
    )


def _is_ruin(phrase: Phrase, i: int) -> bool:
    """बारह बजा देना ruins somebody, and उसके बारह बज गए says that it happened; a clock strikes for nobody."""
    after, before = phrase.key(i + 1), phrase.keys[max(0, i - 2) : i]
    return after in _STRIKES or (after in contexts.STRUCK and not _WHOSE.isdisjoint(before))


def _is_some_money(phrase: Phrase, i: int) -> bool:
    """As in "चार पैसे कमाना": some money; of a price, they are four paise."""
    behind = phrase.keys[i + 2 :]
    return (
        phrase.keys[i] == _FOUR
        and phrase.key(i + 1) in contexts.PAISE
        and phrase.key(i - 1) not in contexts.RUPEES
        and bool(behind)
        and _PRICES.isdisjoint(behind)
    )


def _names_a_place(phrase: Phrase, i: int) -> bool:
    """A noun in the singular, and behind it a road, a market, a film."""
    noun = phrase.key(i + 1)
    if not noun.endswith(_SINGULAR_ENDINGS) or noun.endswith(_AGENT_ENDINGS) or noun in contexts.PERSONS:
        return False
    counted = noun in contexts.MEASURES or noun in contexts.TIMES or noun in SCALES or noun in contexts.PARTS
    return phrase.key(i + 2) in contexts.PLACES and not counted


def _neither_nor(phrase: Phrase, i: int) -> bool:
    """न before this number, and another number near: "न तीन में न तेरह में", "नौ नकद न तेरह उधार"."""
    near = range(i + 1, i + 1 + _NEITHER_WITHIN)
    if phrase.key(i - 1) in contexts.NOT:
        return True
    return any(phrase.key(j) in contexts.NOT and phrase.number(j + 1) for j in near)


def _where_there(phrase: Phrase, i: int) -> bool:
    """As in "जहाँ चार बर्तन होंगे वहाँ खटकेंगे": a saying, in which the number is any."""
    return phrase.key(i - 1) in _WHERE and not _THERE.isdisjoint(phrase.keys[i + 1 :])


def _doubles(phrase: Phrase, i: int) -> bool:
    """As in "दो के चार करना": to make much of little. Either number of the two."""
    first = i - 2 if phrase.key(i - 1) == _OF else i
    if phrase.key(first + 1) != _OF:
        return False
    lower, upper = phrase.number(first), phrase.number(first + 2)
    if not lower or not upper or lower.end != first + 1 or upper.end != first + 3 or upper.value != 2 * lower.value:
        return False
    after = phrase.key(upper.end)
    return not after or after == _AND or after.startswith(_MADE)


def _one_made_more(phrase: Phrase, i: int) -> bool:
    """As in "एक की चार लगाना", "एक का दस": nothing that is counted follows."""
    if UNITS.get(phrase.key(i - 2)) != 1 or phrase.key(i - 1) not in _OF_ONE:
        return False
    after = phrase.key(i + 1)
    return not after or after == _AND or after.startswith(_MADE)


def _one_and_more(phrase: Phrase, i: int) -> bool:
    """As in "एक पंथ दो काज", "दो तन एक मन": four words that set one thing against more, and no order of food."""
    if len(phrase.keys) != 4 or i not in {0, 2}:
        return False
    numbers, nouns = (UNITS.get(phrase.key(0), 0), UNITS.get(phrase.key(2), 0)), {phrase.key(1), phrase.key(3)}
    return min(numbers) == 1 and 1 < max(numbers) <= 10 and _NO_THINGS.isdisjoint(nouns)
