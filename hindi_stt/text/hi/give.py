"""दो: the number, or the imperative of देना ("give!")?

A Hindi clause ends in its verb, and a number stands before what it counts. So दो is the verb where a clause ends behind
it: before a pronoun, a conjunction or a particle, at the end, and behind a verb that it completes (लिख दो, जाने दो).
Behind a possessive, a postposition or a label (उसके दो भाई, कमरे में दो लोग, सेक्टर दो) it is the number.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from hindi_stt.text.hi.contexts import (
    JOINTS,
    LABELS,
    MEASURES,
    PERSONS,
    POSSESSIVES,
    POSTPOSITIONS,
    TIMES,
    keys_of,
)
from hindi_stt.text.hi.number_words import SCALES, UNITS
from hindi_stt.text.hi.phrase import Phrase
from hindi_stt.text.hi.spelling import key

__all__ = ["is_given", "is_number"]

_TWO: Final = key("दो")
# Roots that दो completes: "लिख दो", and with -ने "लिखने दो".
_ROOTS: Final = keys_of(
    "कर बता दे भेज रख छोड़ लिख लगा बना दिखा सुना खोल हटा मिला डाल पहुँचा समझा फेंक लौटा जोड़ निकाल चला पढ़ा"
    " सिखा खिला पिला सुला बेच फाड़ तोड़ काट मार गिरा जला बुझा बिठा बैठा मना धो उठा हिला फैला पोंछ बाँध सौंप"
    " उड़ा घटा बढ़ा दबा मिटा भर ढक टाल रोक बाँट छाप थमा पकड़ा सजा चुका गिना घुमा डुबा हरा जगा भगा नहला धमका"
    " चिपका लटका टिका झुका मोड़ फोड़ झाड़ पीस कूट उबाल पका भून गला सुखा भिगो बो उगा खींच ठोक टाँग पहना उतार"
    " चढ़ा सँभाल ठहरा बदल सुधार सिल कस घोल छान परोस दौड़ा रटा हँसा रुला थका बहका सता छिपा छुपा जता ले"
)
_INTRANSITIVE: Final = keys_of(
    "जा आ हो रह खा सो चल बोल कह देख पढ़ बैठ खेल सुन पी जी रो हँस उठ मर सोच समझ नाच गा दौड़ ठहर रुक निकल मिल"
    " बढ़ बन सीख घूम जल बह गिर पकड़ ले नहा बच लड़ भाग उड़ फैल सूख पहुँच लौट तैर ढूँढ"
)
_PERMITTED: Final = frozenset(root + key("ने") for root in _ROOTS | _INTRANSITIVE)
_MORE_BEFORE: Final = keys_of("बंद शुरू वापस जमा माफ़ मत")
_TO_WHOM: Final = keys_of("मुझे मुझको हमें हमको उसे उसको उन्हें उनको इसे इसको इन्हें इनको तुझे किसे किसको सबको सबको सभी किसी मुझ")
# What cannot stand between a number and what it counts: behind it, दो has ended its clause.
_CLAUSE_BEGINS: Final = keys_of(
    "मैं मैंने हम हमने तुम तुमने आप आपने तू तूने वह वो यह ये वे मुझे मुझको हमें हमको उसे उसको उन्हें उनको इसे"
    " इसको इन्हें इनको तुझे तुम्हें आपको इस उस इन उन मेरा मेरी मेरे हमारा हमारी हमारे तेरा तेरी तेरे तुम्हारा"
    " तुम्हारी तुम्हारे आपका आपकी आपके अपना अपनी अपने उसका उसकी उसके इसका इसकी इसके उनका उनकी उनके या वरना"
    " अन्यथा कि ताकि क्योंकि लेकिन मगर किंतु परंतु तो फिर नहीं अगर यदि जब जो जिससे जिसे जैसे चाहे इसलिए सो तब"
    " ना न मत जी यार प्लीज़ कृपया अभी जल्दी फ़ौरन तुरंत बाक़ी आज कल परसों अब बस ज़रा चलो सुनो देखो अरे ओ हाँ वहाँ"
    " यहाँ कहीं कोई कुछ सब सबको सर मैडम बाद पहले क्या क्यों कैसे कब पूरा पूरी सारा सारे सारी थोड़ा थोड़ी ज़रूर"
    " ठीक जाओ चलो कहीं"
)
_VOCATIVES: Final = keys_of(
    "भाई भैया बेटा बेटे बेटी दीदी अंकल आंटी दोस्त दोस्तों साहब बाबू बहन बहनजी माँ पापा मम्मी बच्चों भाइयों यारो चाचा बाबा गुरु"
)
# What is given so often that a bare one before दो is its object. नंबर and पेज are labels, and not here.
_OBJECTS: Final = keys_of(
    "ध्यान जवाब उत्तर समय वक़्त टाइम मौक़ा चांस साथ पानी नाम पता पैसे पैसा रुपये रुपया वोट मत गाली गालियाँ"
    " सलाह इजाज़त अनुमति आज्ञा खून आज़ादी न्याय इंसाफ़ इस्तीफ़ा सुझाव आदेश हुक्म दान भीख चाबी उधार क़र्ज़"
    " क़र्ज़ा लोन ज़ोर महत्व महत्त्व बधाई शुभकामनाएँ आशीर्वाद दुआ दुआएँ धोखा मदद सहारा सहयोग समर्थन हिसाब सबूत"
    " प्रमाण गवाही बयान भाषण जानकारी सूचना ख़बर दावत न्योता चुनौती सज़ा दंड माफ़ी क्षमा पहरा दस्तक धक्का झटका"
    " आवाज़ छूट ढील अहमियत रोटी खाना भोजन चाय दूध दवा दवाई मिठाई फ़ोन मोबाइल किताब कॉपी पेन कलम पेंसिल टिकट"
    " रसीद बिल पर्ची जगह सीट रास्ता साइड लिफ़्ट काम नौकरी रोज़गार वेतन मज़दूरी तनख़्वाह किराया टैक्स फ़ीस चंदा"
    " आरक्षण अधिकार हक़ हिस्सा घर मकान ज़मीन कपड़े कपड़ा जूते मोहलत तलाक़ ज्ञान शिक्षा संस्कार प्यार इज़्ज़त"
    " सम्मान आदर शक्ति ताक़त हिम्मत हौसला सुरक्षा गारंटी वचन क़सम परीक्षा इम्तिहान टेस्ट प्रेज़ेंटेशन रिपोर्ट"
    " फ़ीडबैक राय ख़र्च ख़र्चा बिजली सड़क ब्लड जूस शरबत नमक चीनी आटा चावल दाल सब्ज़ी फल मालिक भगवान नोट छुट्टा"
    " छुट्टी खुल्ला सामान बैग चश्मा रिमोट चार्जर तौलिया साबुन दर्शन धरना प्रशिक्षण ट्रेनिंग उदाहरण मिसाल परिचय"
    " विवरण ब्योरा सफ़ाई दुहाई तवज्जो शह मात बलि क़ुर्बानी जान विश्राम आराम सुख शांति खुशी"
)
# Before दो at the end, these still leave it a number: "सिर्फ़ दो", "इन दो", "पाँच और दो".
_COUNTING_BEFORE: Final = keys_of("सिर्फ़ केवल महज़ मात्र लगभग क़रीब इन उन बाक़ी आख़िरी अंतिम प्लस माइनस गुणा बटा बटे भाग कुल")
# Behind a number these belong to its phrase.
_BEHIND_A_NUMBER: Final = keys_of("ने को में से का के की तक वाला वाले वाली ही भी बटा बटे माइनस प्लस गुणा")
_KINDS: Final = keys_of("वाला वाले वाली को")
_COIN: Final = key("पैसा")
_TO: Final = key("को")
_ADJECTIVE_ENDING: Final = "े"
# Between whom something is given to and दो, these are not what is given: "मुझे कल दो लोग मिले".
_NO_OBJECTS: Final = (
    POSTPOSITIONS
    | POSSESSIVES
    | JOINTS
    | LABELS
    | _TO_WHOM
    | _COUNTING_BEFORE
    | keys_of(
        "आज कल परसों अभी अब कब तब जब वहाँ यहाँ कहीं बस यह ये वह वो सब कम शायद ज़रूर हर दिन रात सुबह शाम साल बार"
        " भी ही तो न ना मत एक फिर"
    )
)
_AND: Final = key("और")
_OBLIQUE_ENDINGS: Final = ("ओं", "ों", "ओ", "ो")
_IMPERATIVE_ENDINGS: Final = ("ो", "ओ", "ईए", "ईये", "ीए", "ीये")
_NO_IMPERATIVES: Final = keys_of("दो को तो जो सो वो किलो")
_SINGULAR_ENDING: Final = "ा"
_WITH: Final = (key("के"), key("साथ"))
_PLURAL_ENDINGS: Final = ("याँ", "यां", "एँ", "एं", "े", "ें")
_TAKE_OR_GIVE: Final = keys_of("दो लो")
_WITHIN: Final = 4
_NUMBER: Final = keys_of("नंबर नम्बर")
# "गेट नंबर दो" is a label; "अपना नंबर दो" asks for one.
_NUMBERED: Final = LABELS - _NUMBER | keys_of(
    "कमरा कमरे रूम मकान बस ट्रेन काउंटर टेबल मेज़ गली कोच डिब्बा डिब्बे लाइन खसरा रोल फ़्लैट प्लॉट बूथ सवाल"
    " केस पिलर खंभा स्लाइड शो रनवे नाला बंगला"
)


def is_number(phrase: Phrase, i: int) -> bool:
    """Tell whether the word दो is the number ("two") and not the verb ("give").

    A lone दो, and one that could be either, are left as words.

    Args:
        phrase: The words.
        i: Position of the दो.

    Returns:
        Whether it is the number.
    """
    if _completes_a_verb(phrase, i):
        return False
    return next((verdict for rule in _RULES if (verdict := rule(phrase, i)) is not None), True)


def is_given(phrase: Phrase, start: int, end: int) -> bool:
    """Tell whether the last word of a number is the verb दो, of which the rest is the object: "मुझे दो हज़ार दो".

    Args:
        phrase: The words.
        start: First word of the number.
        end: Word behind the number.

    Returns:
        Whether it is.
    """
    if end < start + 3 or phrase.keys[end - 1] != _TWO or phrase.keys[end - 2] not in SCALES:
        return False
    to_whom = phrase.key(start - 1) in _TO_WHOM or phrase.key(start - 1) == _TO
    return to_whom and (end == len(phrase.keys) or phrase.keys[end] in _CLAUSE_BEGINS)


def _completes_a_verb(phrase: Phrase, i: int) -> bool:
    before = phrase.key(i - 1)
    return (
        before in _ROOTS or before in _PERMITTED or (len(before) > 3 and before.endswith("वा") and before not in UNITS)
    )


def _at_the_end(phrase: Phrase, i: int) -> bool | None:
    if phrase.key(i + 1):
        return None
    return _is_labelled(phrase, i) or phrase.key(i - 1) in POSSESSIVES


def _before_a_unit(phrase: Phrase, i: int) -> bool | None:
    after = phrase.key(i + 1)
    if after == _COIN and _has_an_object(phrase, i):
        return False  # "काम दो पैसा नहीं": counted, it would be पैसे
    return True if after in MEASURES or (after in TIMES and phrase.key(i - 1) not in _MORE_BEFORE) else None


def _before_a_clause(phrase: Phrase, i: int) -> bool | None:
    return _is_labelled(phrase, i) if phrase.key(i + 1) in _CLAUSE_BEGINS else None


def _behind_an_object(phrase: Phrase, i: int) -> bool | None:
    if not _has_an_object(phrase, i) or _in_a_list(phrase, i):
        return None
    return not _ends_with_its_object(phrase, i)


def _before_and(phrase: Phrase, i: int) -> bool | None:
    return _is_counted_further(phrase, i) if phrase.key(i + 1) == _AND else None


def _before_a_vocative(phrase: Phrase, i: int) -> bool | None:
    before, following = phrase.key(i - 1), phrase.key(i + 2)
    if phrase.key(i + 1) not in _VOCATIVES or (following and following not in _CLAUSE_BEGINS):
        return None
    return not before or before in POSSESSIVES or before in POSTPOSITIONS - _KINDS


def _behind_a_person(phrase: Phrase, i: int) -> bool | None:
    before = phrase.key(i - 1)
    if before in _MORE_BEFORE or (before in _TO_WHOM and phrase.key(i + 1) in _BEHIND_A_NUMBER):
        return False
    return None


def _before_a_person(phrase: Phrase, i: int) -> bool | None:
    return False if _given_to_somebody(phrase, i) or _asked_in_turn(phrase, i) else None


# Each says whether दो is the number, or None where it does not know; the first that knows is right.
_RULES: Final[tuple[Callable[[Phrase, int], bool | None], ...]] = (
    _at_the_end,
    _before_a_unit,
    _before_a_clause,
    _behind_an_object,
    _before_and,
    _before_a_vocative,
    _behind_a_person,
    _before_a_person,
)


def _is_labelled(phrase: Phrase, i: int) -> bool:
    """Whether a word before says that दो is a number whatever follows: "सेक्टर दो", "दस में से दो", "पाँच और दो"."""
    before, earlier = phrase.key(i - 1), phrase.key(i - 2)
    if before in _NUMBER:
        return earlier in _NUMBERED
    if before in LABELS or before in _COUNTING_BEFORE:
        return True
    if before in JOINTS:
        return earlier in UNITS or earlier in SCALES or earlier == key("में")
    return False


def _in_a_list(phrase: Phrase, i: int) -> bool:
    """Whether what stands before दो is counted itself: "एक चाय दो समोसे"; but "एक वोट दो देश के लिए"."""
    behind = {phrase.key(i + 1), phrase.key(i + 2)}
    return phrase.key(i - 2) in UNITS and behind.isdisjoint(_CLAUSE_BEGINS) and behind.isdisjoint(POSTPOSITIONS)


def _has_an_object(phrase: Phrase, i: int) -> bool:
    """Whether what is given stands before दो: "पानी दो …", "मुझे कंघी दो …"."""
    before = phrase.key(i - 1)
    if before in _OBJECTS:
        return True
    if not before or before in _NO_OBJECTS or before.endswith(_ADJECTIVE_ENDING):
        return False
    return any(phrase.key(j) in _TO_WHOM or phrase.key(j) == _TO for j in (i - 2, i - 3))


def _is_counted_further(phrase: Phrase, i: int) -> bool:
    """Before और: "दो और लोग", but "किताब दो और जाओ", "राम को दो और मुझे भी"."""
    if phrase.key(i + 2) in _CLAUSE_BEGINS:
        return False
    return phrase.key(i - 1) in POSTPOSITIONS or not _commands_follow(phrase, i + 2)


def _ends_with_its_object(phrase: Phrase, i: int) -> bool:
    """Behind "पानी", "वोट", …: whether दो gives them rather than counting what follows ("वोट दो लोगों ने दिया")."""
    after, next_but_one = phrase.key(i + 1), phrase.key(i + 2)
    if after in _BEHIND_A_NUMBER:
        return after in {key("ही"), key("भी")}
    if after.endswith(_OBLIQUE_ENDINGS):
        return next_but_one == _TO and not phrase.key(i + 3)
    return True


def _commands_follow(phrase: Phrase, start: int) -> bool:
    """Whether an imperative other than दो follows soon: "नाम दो और अंदर जाओ"."""
    return any(
        word.endswith(_IMPERATIVE_ENDINGS) and word not in _NO_IMPERATIVES
        for word in phrase.keys[start : start + _WITHIN]
    )


def _given_to_somebody(phrase: Phrase, i: int) -> bool:
    """Whether दो is followed by whom it is given to, or what for, and nothing more: "मौका दो युवाओं को"."""
    before, after_next = phrase.key(i - 1), phrase.key(i + 2)
    if not before or before in POSTPOSITIONS or before in POSSESSIVES:
        return False
    return after_next == _TO and not phrase.key(i + 3)


def _asked_in_turn(phrase: Phrase, i: int) -> bool:
    """As in "सूद दो मूलधन दो", "दिल दो दर्द लो": an object and its imperative, and what is no plural behind them."""
    before = phrase.key(i - 1)
    if not before or before in _NO_OBJECTS or before in _VOCATIVES or before in _CLAUSE_BEGINS:
        return False
    begins = not phrase.key(i - 2) or phrase.key(i - 2) == _TWO
    after = phrase.key(i + 1)
    if begins and (after.endswith(_SINGULAR_ENDING) or tuple(phrase.keys[i + 2 : i + 4]) == _WITH):
        return not after.endswith(_OBLIQUE_ENDINGS) and after not in PERSONS  # counted, it would be a plural
    return begins and phrase.key(i + 2) in _TAKE_OR_GIVE and not after.endswith(_PLURAL_ENDINGS)
