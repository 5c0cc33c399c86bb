# ruff: noqa: E501, D102, FBT003 -- a template reads best on one line; each method is named after what it talks about
"""What people talk about: templates of everyday sentences by topic, mixed into the grammar's `Speaker`."""

from . import lexicon as lex
from .numbers import BELOW_HUNDRED, HOURS, MONTHS_DAYS, cardinal, digits, year

PEERS_TO = [f"{noun} को" for noun in ("बच्चे", "बेटे", "बेटी", "पोते", "लड़के", "बहू")]


class Topics:
    """One method a topic. The helpers that draw words are the grammar's."""

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
