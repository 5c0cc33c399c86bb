# ruff: noqa: FBT001, FBT002 -- each function is named after the form it makes; a gender is a flag
"""Hindi agreement: what adjectives, verbs and auxiliaries look like for a gender, a number and a person."""

from dataclasses import dataclass

from .numbers import words

_VOWEL_ENDINGS = "ािीुूेैोौआइईउऊएऐओऔ"
_PERFECT_STEM = {"कर": "कि", "जा": "ग", "ले": "लि", "दे": "दि", "पी": "पि", "हो": "हु", "सी": "सि"}
_FUTURE_STEM = {"ले": "ल", "दे": "द"}
_POLITE_STEM = {"कर": "कीज", "ले": "लीज", "दे": "दीज", "पी": "पीज"}
_UNBENT = words("राजा पिता नेता मामा चाचा पापा माता दवा हवा पूजा सेवा भाषा कक्षा परीक्षा यात्रा छात्रा महिला")


@dataclass(frozen=True)
class Subject:
    """Who does it. person: "1s", "1p", "2", "3s" or "3p", what the auxiliary agrees with."""

    text: str
    oblique: str
    person: str
    feminine: bool

    @property
    def plural(self) -> bool:
        """Whether the verb takes its plural form, be it out of politeness."""
        return self.person in ("1p", "2", "3p")


def oblique(noun: str) -> str:
    """The form a noun takes before a postposition."""
    head, _, last = noun.rpartition(" ")
    if last.endswith("ा") and last not in _UNBENT:
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
    if stem == "जा":
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
