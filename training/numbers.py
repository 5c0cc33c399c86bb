"""Hindi numbers in words: the hundred irregular names, Indian grouping, clock times and digits read one by one."""


def words(text: str) -> list[str]:
    """A word list, as it is best written down."""
    return text.split()


BELOW_HUNDRED = words(
    """
    शून्य एक दो तीन चार पाँच छह सात आठ नौ
    दस ग्यारह बारह तेरह चौदह पंद्रह सोलह सत्रह अठारह उन्नीस
    बीस इक्कीस बाईस तेईस चौबीस पच्चीस छब्बीस सत्ताईस अट्ठाईस उनतीस
    तीस इकतीस बत्तीस तैंतीस चौंतीस पैंतीस छत्तीस सैंतीस अड़तीस उनतालीस
    चालीस इकतालीस बयालीस तैंतालीस चौवालीस पैंतालीस छियालीस सैंतालीस अड़तालीस उनचास
    पचास इक्यावन बावन तिरपन चौवन पचपन छप्पन सत्तावन अट्ठावन उनसठ
    साठ इकसठ बासठ तिरसठ चौंसठ पैंसठ छियासठ सड़सठ अड़सठ उनहत्तर
    सत्तर इकहत्तर बहत्तर तिहत्तर चौहत्तर पचहत्तर छिहत्तर सतहत्तर अठहत्तर उन्यासी
    अस्सी इक्यासी बयासी तिरासी चौरासी पचासी छियासी सत्तासी अट्ठासी नवासी
    नब्बे इक्यानवे बानवे तिरानवे चौरानवे पचानवे छियानवे सत्तानवे अट्ठानवे निन्यानवे
    """
)
_UNITS = ((10**7, "करोड़"), (10**5, "लाख"), (1000, "हज़ार"), (100, "सौ"))
HOURS = BELOW_HUNDRED[1:13]
MONTHS_DAYS = 31


def cardinal(number: int) -> str:
    """A whole number below a thousand crore, as it is read aloud."""
    words: list[str] = []
    for size, name in _UNITS:
        if number >= size:
            words += [cardinal(number // size), name]
            number %= size
    if number or not words:
        words.append(BELOW_HUNDRED[number])
    return " ".join(words)


def year(number: int) -> str:
    """Years from 1100 to 1999 are read in hundreds; later ones as numbers."""
    if 1100 <= number < 2000:
        rest = number % 100
        return f"{BELOW_HUNDRED[number // 100]} सौ" + (f" {BELOW_HUNDRED[rest]}" if rest else "")
    return cardinal(number)


def digits(text: str) -> str:
    """A telephone number, a postcode: digit by digit."""
    return " ".join(BELOW_HUNDRED[int(digit)] for digit in text)
