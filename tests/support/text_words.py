"""What the tests of the text rooms share: words with times, and strategies that draw them."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from hindi_stt.types import Segment, Word

NUMBER_WORDS = (
    "शून्य एक दो तीन चार पाँच छह सात आठ नौ दस ग्यारह पंद्रह बीस पच्चीस सैंतालीस निन्यानवे सौ हज़ार लाख करोड़ अरब सवा डेढ़ ढाई साढ़े"
    " पौने दशमलव बटा माइनस प्लस डबल ट्रिपल रुपये पैसे प्रतिशत बजे बजकर मिनट जनवरी अगस्त पहला दूसरी पाँचवाँ सौवीं नंबर"
    " से या और में बज कर के कई मुझे न सन ओ नाइनटी एट टेन तेरहवीं नवासी दूनी हज़ारी साल हराया गुणा आने"
).split()
OTHER_WORDS = (
    "मुझे किताब मीटिंग कंप्यूटर है और ज़िंदगी क़लम 98765 ४३२१० word café 🙂 👩\u200d👩\u200d👧 \u200d ः ़ क्\u200dष | । , ₹5 \0"
).split(" ")


def spoken(text: str, pauses_s: Sequence[float] = ()) -> tuple[Word, ...]:
    """The text's words of 0.2 s each, with 0.05 s between; pauses_s: added after the first, the second, …"""
    words: list[Word] = []
    start_s = 0.0
    for i, word in enumerate(text.split()):
        words.append(Word(word, start_s, start_s + 0.2, 0.9 - i % 7 / 10))
        start_s += 0.25 + (pauses_s[i] if i < len(pauses_s) else 0)
    return tuple(words)


def segment(words: Sequence[Word]) -> Segment:
    return Segment(words[0].start_s, words[-1].end_s, tuple(words)) if words else Segment(0, 0, ())


def texts() -> st.SearchStrategy[str]:
    """A word: of a number, of Hindi, or any characters that a decoder's tokens may hold."""
    anything = st.text(st.characters(exclude_categories=["Cs", "Zs", "Zl", "Zp", "Cc"]), min_size=1, max_size=6)
    return st.one_of(st.sampled_from(NUMBER_WORDS), st.sampled_from(OTHER_WORDS), anything)


@st.composite
def word_lists(draw: st.DrawFn, max_size: int = 16) -> tuple[Word, ...]:
    """Words in time order, with pauses between them."""
    words: list[Word] = []
    start_s = 0.0
    for text in draw(st.lists(texts(), max_size=max_size)):
        start_s += draw(st.sampled_from([0.0, 0.04, 0.4, 1.2]))
        end_s = start_s + draw(st.sampled_from([0.04, 0.2]))
        words.append(Word(text, start_s, end_s, draw(st.floats(0, 1))))
        start_s = end_s
    return tuple(words)
