"""The words around a number that say what it is; all sets hold spelling keys."""

from __future__ import annotations

from typing import Final

from hindi_stt.text.hi.spelling import key

__all__ = [
    "CODE_CUES",
    "GIVE_AFTER",
    "GIVE_BEFORE",
    "IDIOMS",
    "KIN",
    "MEASURES",
    "MINUS",
    "MINUTES",
    "MONTHS",
    "OCLOCK",
    "OVER",
    "PAISE",
    "PARTS",
    "PAST",
    "PERCENT",
    "POINT",
    "POSSESSIVES",
    "RANKED",
    "RUPEES",
    "SECONDS",
    "TIMES",
]


def _keys(words: str) -> frozenset[str]:
    return frozenset(map(key, words.split()))


RUPEES: Final = _keys("रुपये रुपए रुपया रुपयों रूपये रूपए रूपया रूपयों")
PAISE: Final = _keys("पैसे पैसा पैसों")
PERCENT: Final = _keys("प्रतिशत फ़ीसदी फ़ीसद परसेंट पर्सेंट")
POINT: Final = _keys("दशमलव पॉइंट पॉइन्ट प्वाइंट प्वाइन्ट पाइंट")
MINUS: Final = _keys("माइनस")
OVER: Final = _keys("बटा बटे")
OCLOCK: Final = _keys("बजे बजने")
PAST: Final = _keys("बजकर बजके")
MINUTES: Final = _keys("मिनट मिनिट")
SECONDS: Final = _keys("सेकंड सेकेंड सैकंड")
MONTHS: Final = _keys("जनवरी फ़रवरी मार्च अप्रैल अप्रेल मई जून जुलाई अगस्त सितंबर सितम्बर अक्टूबर अक्तूबर नवंबर नवम्बर दिसंबर दिसम्बर")
PARTS: Final = _keys("चौथाई तिहाई")
TIMES: Final = _keys("साल वर्ष महीने महीना माह हफ़्ते हफ़्ता सप्ताह दिन घंटे घंटा घंटों मिनट सेकंड सेकेंड")
# What only a count stands before: "एक किलो" counts, "एक दिन" mostly tells a story.
MEASURES: Final = (
    _keys(
        "किलो किलोग्राम ग्राम मिलीग्राम क्विंटल टन लीटर मिलीलीटर मीटर किलोमीटर सेंटीमीटर मिलीमीटर फ़ुट फ़ीट इंच मील एकड़"
        " हेक्टेयर बीघा डिग्री वोल्ट वाट किलोवाट मेगावाट जीबी एमबी केबी हॉर्सपावर तारीख़ डॉलर यूरो पाउंड"
    )
    | RUPEES
    | PAISE
    | PERCENT
    | OCLOCK
    | PAST
    | MONTHS
)

# दो as "give!": what stands before it …
GIVE_BEFORE: Final = _keys(
    "कर बता दे भेज रख छोड़ लिख लगा बना दिखा सुना खोल हटा मिला डाल पहुँचा समझा फेंक बंद शुरू मुझे हमें उसे उन्हें इसे इन्हें तुझे"
    " लौटा जोड़ निकाल चला पढ़ा सिखा खिला पिला सुला बेच फाड़ तोड़ काट मार गिरा जला बुझा बिठा बैठा मना ध्यान जवाब उत्तर वापस"
    " जाने आने होने करने रहने खाने सोने चलने बोलने कहने देखने पढ़ने लिखने बैठने खेलने सुनने"
)
# … or after it. At the end of what is said it is taken for the verb too.
GIVE_AFTER: Final = _keys("ना न कि मत तो जी भाई यार वरना नहीं ताकि क्योंकि प्लीज़ कृपया")

# Before digits said one by one.
CODE_CUES: Final = _keys(
    "नंबर नम्बर फ़ोन मोबाइल पिन पिनकोड कोड ओटीपी आधार खाता अकाउंट कार्ड पासवर्ड हेल्पलाइन व्हाट्सएप सीवीवी आईडी"
)

# What a पहला, दूसरा, … ranks; elsewhere they are "before", "other".
RANKED: Final = _keys(
    "स्थान नंबर नम्बर रैंक सदी शताब्दी मंज़िल कक्षा क्लास मैच टेस्ट वनडे अध्याय भाग संस्करण चरण तिमाही पुरस्कार राउंड"
    " सेमेस्टर पंचवर्षीय विश्वयुद्ध अनुसूची संशोधन वर्षगाँठ पायदान"
)

# Fixed expressions and names, which stay words.
IDIOMS: Final = tuple(
    tuple(map(key, phrase.split()))
    for phrase in (
        "नौ दो ग्यारह",
        "तीन तेरह",
        "तीन पाँच",
        "उन्नीस बीस",
        "दो टूक",
        "दो चार",
        "दो शब्द",
        "चार चाँद",
        "चार धाम",
        "चार दिन की चाँदनी",
        "सात समुंदर",
        "सात समंदर",
        "सात समुद्र",
        "सात फेरे",
        "सात फेरों",
        "सात जन्म",
        "सात जन्मों",
        "सोलह आने",
        "नौ रत्न",
        "छत्तीस का आँकड़ा",
        "निन्यानवे का फेर",
        "निन्यानवे के फेर",
        "एक से बढ़कर एक",
        "सौ सुनार की",
    )
)

# नवासी is 89, and whose नवासी is a daughter's daughter.
KIN: Final = _keys("नवासी")
POSSESSIVES: Final = _keys("की मेरी तेरी उसकी इसकी हमारी तुम्हारी आपकी उनकी इनकी अपनी किसकी जिसकी")
