"""The words around a number that say what it is; all sets hold spelling keys."""

from __future__ import annotations

from typing import Final

from hindi_stt.text.hi.english_numbers import ENGLISH_NUMBERS
from hindi_stt.text.hi.spelling import key

__all__ = [
    "ADJECTIVE_ENDINGS",
    "ARAB_LANDS",
    "CALL_CUES",
    "CODE_CUES",
    "COUNTED",
    "DAYPARTS",
    "JOINTS",
    "KIN",
    "LABELS",
    "MEASURES",
    "MINUS",
    "MINUTES",
    "MONTHS",
    "NOT",
    "OCLOCK",
    "OVER",
    "PAISE",
    "PARTS",
    "PAST",
    "PERCENT",
    "PERSONS",
    "PLACES",
    "POINT",
    "POSSESSIVES",
    "POSTPOSITIONS",
    "QUARTER",
    "RANKED",
    "RUPEES",
    "SCORES",
    "SECONDS",
    "SERVED",
    "SHORT_CODE_CUES",
    "STRUCK",
    "STRUCK_ON",
    "TIMES",
    "TIMES_TABLE",
    "UNCOUNTED",
    "YEAR_CUES",
    "keys_of",
]


def keys_of(words: str) -> frozenset[str]:
    """The spelling keys of these words."""
    return frozenset(map(key, words.split()))


RUPEES: Final = keys_of("रुपये रुपए रुपया रुपयों रुपयो रुपैया रूपये रूपए रूपया रूपयों")
PAISE: Final = keys_of("पैसे पैसा पैसों")
PERCENT: Final = keys_of("प्रतिशत फ़ीसदी फ़ीसद परसेंट पर्सेंट परसेन्ट")
POINT: Final = keys_of("दशमलव पॉइंट पॉइन्ट प्वाइंट प्वाइन्ट पाइंट पॉईंट प्वॉइंट पोइंट")
MINUS: Final = keys_of("माइनस")
OVER: Final = keys_of("बटा बटे")
OCLOCK: Final = keys_of("बजे बजने")
PAST: Final = keys_of("बजकर बजके")
# "तीन बज …": with कर or के it goes on to the minutes, with another verb it is the time itself.
STRUCK: Final = keys_of("बज")
STRUCK_ON: Final = keys_of("कर के")
MINUTES: Final = keys_of("मिनट मिनिट मिनटों")
SECONDS: Final = keys_of("सेकंड सेकेंड सैकंड")
MONTHS: Final = keys_of("जनवरी फ़रवरी मार्च अप्रैल अप्रेल मई जून जुलाई अगस्त सितंबर सितम्बर अक्टूबर अक्तूबर नवंबर नवम्बर दिसंबर दिसम्बर")
DAYPARTS: Final = keys_of("सुबह शाम रात दोपहर तड़के सवेरे")
PARTS: Final = keys_of("चौथाई तिहाई")
TIMES: Final = keys_of(
    "साल सालों वर्ष वर्षों महीने महीना महीनों माह हफ़्ते हफ़्ता हफ़्तों सप्ताह दिन दिनों घंटे घंटा घंटों मिनट"
    " मिनटों सेकंड सेकेंड दशक दशकों गुना गुनी गुने बार दफ़ा"
)
# What only a count stands before: "एक किलो" counts, "एक दिन" mostly tells a story.
MEASURES: Final = (
    keys_of(
        "किलो किलोग्राम ग्राम मिलीग्राम क्विंटल कुंतल टन लीटर मिलीलीटर मीटर किलोमीटर सेंटीमीटर मिलीमीटर फ़ुट फ़ीट"
        " इंच मील एकड़ हेक्टेयर बीघा बीघे डिग्री वोल्ट वाट किलोवाट मेगावाट जीबी एमबी केबी टीबी हॉर्सपावर तारीख़"
        " डॉलर यूरो पाउंड"
    )
    | RUPEES
    | PAISE
    | PERCENT
    | OCLOCK
    | PAST
    | MONTHS
)
# Behind सौ, हज़ार, … alone, these make it a count: "सौ रन".
COUNTED: Final = keys_of("रन रनों अंक अंकों नंबर सीट सीटें सीटों वोट वोटों")
# Before सौ, हज़ार, लाख, … these leave no number: "कई लाख", "आधा करोड़", "फ़ाइव लाख".
UNCOUNTED: Final = (
    keys_of(
        "कई कुछ चंद अनेक अनेकों कितने कितना कितनी इतने इतना उतने जितने आधा आधे आधी पाव पौन पौना बहुत सैकड़ों"
        " सैंकड़ों सैकड़ा हज़ारों लाखों करोड़ों अरबों खरबों दर्जनों दर्जन दसियों बीसियों पचासों एकाध तमाम हर प्रति"
    )
    | ENGLISH_NUMBERS
)
# "एक अरब देश": there अरब is no scale.
ARAB_LANDS: Final = keys_of("देश देशों मुल्क मुल्कों शेख शेखों सागर दुनिया जगत लीग अमीरात व्यापारी व्यापारियों नेता महिला नागरिक")

# Between two numbers of a range or a choice.
JOINTS: Final = keys_of("से या और तथा अथवा")
POSTPOSITIONS: Final = keys_of("ने को में मे से का के की पर तक वाला वाले वाली द्वारा")
POSSESSIVES: Final = keys_of(
    "का के की मेरा मेरे मेरी तेरा तेरे तेरी उसका उसके उसकी इसका इसके इसकी हमारा हमारे हमारी तुम्हारा तुम्हारे"
    " तुम्हारी आपका आपके आपकी उनका उनके उनकी इनका इनके इनकी अपना अपने अपनी किसके किसकी जिसके जिसकी जिनके जिनकी"
    " सबके सबकी"
)
NOT: Final = keys_of("न")

# Before digits said one by one.
CODE_CUES: Final = keys_of(
    "नंबर नम्बर नंबरों फ़ोन मोबाइल पिन पिनकोड कोड ओटीपी आधार खाता खाते अकाउंट कार्ड पासवर्ड पासकोड हेल्पलाइन"
    " व्हाट्सएप सीवीवी आईडी अंक अंकों डिजिट क्रमांक पीएनआर एक्सटेंशन लैंडलाइन एटीएम यूपीआई संख्या डायल"
)
# Before a short code that may be said in pairs: "ओटीपी पैंतालीस बयासी".
SHORT_CODE_CUES: Final = keys_of("ओटीपी पिन पिनकोड कोड पासवर्ड पासकोड सीवीवी अंक")
# Behind such a number: "एक एक दो पर कॉल करें".
CALL_CUES: Final = keys_of(
    "कॉल फ़ोन डायल संपर्क मिलाओ मिलाएँ मिलाइए मिलाना लगाओ लगाएँ लगाइए शिकायत सूचना एसएमएस मैसेज व्हाट्सएप मिस्ड रिंग"
)

# What is numbered rather than counted: "सेक्टर दो", "धारा दो".
LABELS: Final = keys_of(
    "नंबर नम्बर सेक्टर धारा अनुच्छेद अध्याय पाठ कक्षा क्लास पेज पृष्ठ पन्ना वार्ड ज़ोन फेज़ चैप्टर यूनिट"
    " वर्जन संस्करण गेट प्लेटफ़ॉर्म टर्मिनल टाइप लेवल भाग खंड पार्ट सीज़न एपिसोड राउंड प्रश्न क्रमांक साल सन"
    " वर्ष मंज़िल फ़्लोर रैंक टियर कैटेगरी ग्रुप ब्लॉक टावर श्लोक सूक्त आयत दृश्य कांड सर्ग मंडल परिच्छेद"
    " उपधारा नियम पैरा स्टेज मॉड्यूल रूट ट्रैक"
)

# What a पहला, दूसरा, … ranks; elsewhere they are "before", "other".
RANKED: Final = keys_of(
    "स्थान नंबर नम्बर रैंक सदी शताब्दी मंज़िल कक्षा क्लास मैच टेस्ट वनडे अध्याय भाग संस्करण चरण तिमाही"
    " पुरस्कार राउंड सेमेस्टर पंचवर्षीय विश्वयुद्ध अनुसूची संशोधन वर्षगाँठ पायदान"
)

# Before a year.
YEAR_CUES: Final = keys_of("सन सन् साल वर्ष सत्र ईस्वी ईसवी संवत बैच बजट विक्रमी") | MONTHS
# What is ordered by number: "एक चाय दो समोसे".
SERVED: Final = keys_of(
    "चाय कॉफ़ी समोसा समोसे रोटी रोटियाँ कप प्लेट गिलास बोतल बोतलें पैकेट टिकट अंडा अंडे लस्सी डोसा डोसे इडली"
    " पराठा पराठे पानी पान किताब कॉपी पेन थाली बर्गर पिज़्ज़ा केला केले सेब कोक जूस लड़का लड़की लड़के लड़कियाँ"
    " बेटा बेटी बेटे बेटियाँ भाई बहन बहनें कमरा कमरे बड़ा बड़े छोटा छोटे"
)
# Behind the result of a match: "दो एक से हराया".
SCORES: Final = keys_of(
    "हराया हराकर हराके हरा हारा हारी हारे हार जीता जीती जीते जीत जीतकर मात आगे पीछे बढ़त बराबर बराबरी शिकस्त"
    " पराजित क्लीन सीरीज़ पछाड़ा रौंदा"
)

# Behind a number these make a name of the two: "तीस हज़ारी", "चार सौ बीसी", "नौ लखा".
ADJECTIVE_ENDINGS: Final = keys_of(
    "हज़ारी लखा लक्खा लखी करोड़ी बीसी मुँहा मुँही मुँहे मुखी मार मूर्ति टूक खंभा खंबा नंबरी धारी दरवाज़ा बंगला महला कोसी सूत्री"
    " राहा राहे पत्ती बत्ती"
)
# "तीन बत्ती चौराहा": a number, a noun in the singular and one of these are the name of a place or a work.
PLACES: Final = keys_of(
    "चौराहा चौराहे चौक भवन मंदिर मस्जिद दरगाह गुरुद्वारा कोर्ट रोड मार्ग लेन गली मोहल्ला मोहल्ले मार्केट"
    " बाज़ार नगर कॉलोनी गाँव क्षेत्र इलाक़ा इलाक़े किला किले महल हवेली घाट पुल तालाब झील कुआँ बाग़ बाग उद्यान"
    " पार्क गेट मैदान सर्किल स्टेशन मेट्रो स्कूल खेल फ़िल्म मूवी सीरियल नाटक उपन्यास"
)
# … but not where the noun is one of these, whose plural is the same.
PERSONS: Final = keys_of(
    "आदमी यात्री सिपाही कर्मचारी अधिकारी मंत्री खिलाड़ी विद्यार्थी व्यापारी भाई हाथी पक्षी साथी आतंकी क़ैदी"
    " रोगी प्रत्याशी पुजारी शिकारी नई बड़ी छोटी पुरानी हिंदी अंग्रेज़ी सरकारी निजी विदेशी देसी स्थानीय लंबी"
    " चौड़ी ऊँची लाख हज़ार ज़रूरी लोकल असली नकली धोबी माली मोची दर्ज़ी प्राइवेट पानी घी दही मोती जी भी ही सभी"
    " कभी अभी लड़की बच्ची बेटी लड़का बच्चा बेटा"
)

# "दो दूनी चार", "पाँच पंजे पच्चीस".
TIMES_TABLE: Final = keys_of(
    "इकम एकम दूनी दूना तिया तियाँ चौक चौके चौका पंजे पंजा पंचे छक छक्के छक्का सत्ते सत्ता अट्ठे अट्ठा नवाँ नम नवम दहाम दहाई धाम"
)
# नवासी is 89, and a daughter's daughter.
KIN: Final = keys_of("नवासी")
# सवा before a unit is one and a quarter.
QUARTER: Final = keys_of("सवा")
