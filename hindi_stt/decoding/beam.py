"""Beam search over CTC log-probs, with an optional word language model and optional hotwords.

A hypothesis is a text and the class of its last frame. Of all paths that end in one hypothesis only the likeliest
counts (the Viterbi form, as in flashlight's decoder: Pratap et al., 2019). So a beam of 1 without models is the greedy
path, times are those of one path, and an unpruned beam finds what trying every path finds. The score is

    log P(path) + Σ over words (α · log P_LM(word | words before) + β [+ unknown]) + hotword bonuses.

Different cuts of a text into pieces are one hypothesis. Words are scored when the next one begins; until then letters
that begin no word of the language model carry its score of an unknown word already (pyctcdecode's rule), so that such
words stay possible, at a price. A language model may have a lower price for those that the best path writes clearly
(`clear_words`).

What can hardly matter is not looked at: see BeamLimits. Frames of which only blank is left change nothing after a
blank, and are passed over.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from heapq import nlargest
from operator import itemgetter
from typing import Any, Final

import numpy as np

from hindi_stt.decoding.clear_words import NO_WORDS, ClearWords, clear_words
from hindi_stt.decoding.hotwords import HotwordNode, follow
from hindi_stt.decoding.ngram import LanguageModel
from hindi_stt.decoding.paths import ends_of, tokens_from, words_from_tokens
from hindi_stt.decoding.vocabulary import Vocabulary
from hindi_stt.types import Hypothesis, LogProbs

__all__ = ["BeamDecoder", "BeamLimits"]

_SCORE: Final = itemgetter(0)

# (class, first frame, link before): a path's tokens, last first.
Link = tuple[int, int, Any]


@dataclass(frozen=True, slots=True)
class BeamLimits:
    """Bounds on the beam search.

    Attributes:
        width: Hypotheses kept per frame.
        token_floor: Natural log-probability below which a class is not considered, except the best one and the blank.
        margin: Largest difference in natural log-probability between the best hypothesis and the last one kept.
    """

    width: int = 16
    token_floor: float = -7.0
    margin: float = 14.0

    def for_hotwords(self) -> BeamLimits:
        """Wider ones: a name that the acoustic model has never met is spelled from unlikely classes."""
        return replace(self, token_floor=-10.0, margin=15.0)


class _Text:
    """A text so far: finished words, and the letters of the word in progress.

    Attributes:
        history: Number that identifies the finished words, equal for equal texts.
        letters: Of the word in progress.
        settled: Score of the finished words and of completed hotwords.
        extra: `settled`, and the provisional score of the word in progress.
        lm_state: State of the language model after the finished words.
        hot: Position in the tree of hotwords.
        hot_kept: Settled part of the score of the hotword in progress.
    """

    __slots__ = ("children", "extra", "finished", "history", "hot", "hot_kept", "letters", "lm_state", "settled")

    def __init__(
        self, history: int, letters: str, *, settled: float, lm_state: Any, hot: HotwordNode | None, hot_kept: float
    ) -> None:
        self.history = history
        self.letters = letters
        self.settled = settled
        self.lm_state = lm_state
        self.hot = hot
        self.hot_kept = hot_kept
        self.extra = settled
        self.children: dict[int, _Text] = {}
        self.finished: _Text | None = None


# (score with models, score of the path, text, class of the last frame, link, whether the frame began a new token)
_Entry = tuple[float, float, _Text, int, Link | None, bool]


class BeamDecoder:
    """CTC prefix beam search with an optional language model and hotwords. Thread-safe: state is kept per call.

    Args:
        vocabulary: Of the acoustic model.
        language_model: None for none.
        hotwords: The root of their tree; None for none.
        limits: Bounds on the search; None for the defaults.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        *,
        language_model: LanguageModel | None = None,
        hotwords: HotwordNode | None = None,
        limits: BeamLimits | None = None,
    ) -> None:
        self._vocabulary = vocabulary
        self._language_model = language_model
        self._hotwords = hotwords
        self._limits = limits or BeamLimits()

    def __call__(self, log_probs: LogProbs) -> Hypothesis:
        """The best hypothesis."""
        return self.n_best(log_probs, 1)[0]

    def n_best(self, log_probs: LogProbs, count: int) -> list[Hypothesis]:
        """Return the best hypotheses of different texts.

        Args:
            log_probs: Of one clip, float32 [frames, classes], natural log.
            count: Largest number of hypotheses.

        Returns:
            Up to `count` hypotheses, best first.
        """
        if not len(log_probs.values):
            return [Hypothesis((), (), 0.0)]
        by_sound = self._language_model is not None and self._language_model.clear_unknown is not None
        clear = clear_words(log_probs, self._vocabulary) if by_sound else NO_WORDS
        search = _Search(self._vocabulary, self._language_model, self._hotwords, clear)
        beam = self._search(log_probs, search)
        ranked: dict[int, tuple[float, Link | None]] = {}
        whole = ((path, search.complete(text), link) for _, path, text, _, link, _ in beam)
        finals = ((path + extra, history, link) for path, (extra, history), link in whole)
        for score, history, link in sorted(finals, key=_SCORE, reverse=True):
            ranked.setdefault(history, (score, link))
        best = list(ranked.values())[:count]
        return [self._hypothesis(log_probs, score, link) for score, link in best]

    def _search(self, log_probs: LogProbs, search: _Search) -> list[_Entry]:
        blank, width, margin = self._vocabulary.blank_id, self._limits.width, self._limits.margin
        beam: list[_Entry] = [(0.0, 0.0, search.root, blank, None, False)]
        settled = 0.0  # of frames that could only be blank, the same for all
        all_blank = True
        for frame, classes in enumerate(_likely(log_probs, blank, self._limits.token_floor)):
            if all_blank and len(classes) == 1 and classes[0][0] == blank:
                settled += classes[0][1]
                continue
            found: dict[tuple[_Text, int], _Entry] = {}
            floor = beam[0][0] + classes[0][1] - margin
            for score, path, text, last, link, _ in beam:
                for class_, log_p in classes:
                    if score + log_p < floor:
                        break  # the classes come likeliest first
                    new_path = path + log_p
                    if class_ in {blank, last}:
                        new_text, new = text, False
                    else:
                        new_text, new = text.children.get(class_) or search.extend(text, class_), True
                    key = (new_text, class_)
                    new_score = new_path + new_text.extra
                    other = found.get(key)
                    if other is None or other[0] < new_score:
                        found[key] = (new_score, new_path, new_text, class_, link, new)
            kept = nlargest(width, found.values(), key=_SCORE)
            floor = kept[0][0] - margin
            beam = [
                (score, path, text, last, (last, frame, link) if new else link, False)
                for score, path, text, last, link, new in kept
                if score >= floor
            ]
            all_blank = all(entry[3] == blank for entry in beam)
        return [(score + settled, path + settled, text, last, link, False) for score, path, text, last, link, _ in beam]

    def _hypothesis(self, log_probs: LogProbs, score: float, link: Link | None) -> Hypothesis:
        ids, starts = [], []
        while link is not None:
            id_, start, link = link
            ids.append(id_)
            starts.append(start)
        ids.reverse()
        starts.reverse()
        ends = ends_of(log_probs.values, ids, starts, self._vocabulary.blank_id)
        tokens = tokens_from(log_probs, self._vocabulary.tokens, ids, starts, ends)
        return Hypothesis(tokens, words_from_tokens(tokens), score)


def _likely(log_probs: LogProbs, blank_id: int, floor: float) -> list[list[tuple[int, float]]]:
    """Per frame the classes to consider and their log-probs, likeliest first: above the floor, the best, and blank."""
    values = log_probs.values
    mask = values >= floor
    mask[np.arange(len(values)), values.argmax(axis=1)] = True
    mask[:, blank_id] |= values[:, blank_id] > 2 * floor
    frames, classes = np.nonzero(mask)
    chosen = values[frames, classes]
    order = np.lexsort((-chosen, frames))
    pairs = list(zip(classes[order].tolist(), chosen[order].tolist(), strict=True))
    ends = np.cumsum(mask.sum(axis=1)).tolist()
    return [pairs[start:end] for start, end in zip([0, *ends[:-1]], ends, strict=True)]


class _Search:
    """The texts of one search, each made once."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        language_model: LanguageModel | None,
        hotwords: HotwordNode | None,
        clear: ClearWords,
    ) -> None:
        self._letters = vocabulary.letters
        self._starts = vocabulary.starts
        self._lm = language_model
        self._hotwords = hotwords
        self._clear = clear
        self._texts: dict[tuple[int, str], _Text] = {}
        self._n_histories = 1
        start = language_model.start if language_model else None
        self.root = _Text(0, "", settled=0.0, lm_state=start, hot=hotwords, hot_kept=0.0)

    def extend(self, text: _Text, class_: int) -> _Text:
        """The text with one more piece."""
        before = self._finish(text) if self._starts[class_] and text.letters else text
        letters = before.letters + self._letters[class_]
        key = (before.history, letters)
        child = self._texts.get(key)
        if child is None:
            child = self._texts[key] = self._grow(before, self._letters[class_]) if letters else before
        text.children[class_] = child
        return child

    def complete(self, text: _Text) -> tuple[float, int]:
        """Return the models' score of the text as a complete sentence, and the number of its words."""
        if text.letters:
            text = self._finish(text)
        end = self._lm.alpha * self._lm.end(text.lm_state) if self._lm else 0.0
        return text.settled + end, text.history

    def _grow(self, before: _Text, letters: str) -> _Text:
        word = before.letters + letters
        hot, hot_kept = before.hot, before.hot_kept
        if self._hotwords is not None:
            hot = follow(hot, letters)
            if hot is None:  # a phrase broke off; the word in progress may begin another
                hot, hot_kept = follow(self._hotwords, word), 0.0
        child = _Text(
            before.history, word, settled=before.settled, lm_state=before.lm_state, hot=hot, hot_kept=hot_kept
        )
        if hot is not None:
            child.extra += hot.bonus - hot_kept
        elif self._lm is not None and not self._lm.has_prefix(word):
            child.extra += self._unknown(self._lm, word, self._clear.beginnings)
        return child

    def _finish(self, text: _Text) -> _Text:
        """The text with its last word finished: scored by the language model, hotword bonus kept or given back."""
        if text.finished is not None:
            return text.finished
        settled, lm_state, hot = text.settled, text.lm_state, text.hot
        is_hotword = hot is not None and hot.end_bonus > 0
        if self._lm is not None:
            log_p, lm_state, known = self._lm.score(lm_state, text.letters)
            settled += self._lm.alpha * log_p + self._lm.beta
            if not known and not is_hotword:
                settled += self._unknown(self._lm, text.letters, self._clear.words)
        kept = text.hot_kept
        if hot is not None and hot.end_bonus > kept:
            settled += hot.end_bonus - kept
            kept = hot.end_bonus
        going_on = follow(hot, " ")
        history, self._n_histories = self._n_histories, self._n_histories + 1
        if going_on is None:
            after = _Text(history, "", settled=settled, lm_state=lm_state, hot=self._hotwords, hot_kept=0.0)
        else:
            after = _Text(history, "", settled=settled, lm_state=lm_state, hot=going_on, hot_kept=kept)
            after.extra += going_on.bonus - kept
        text.finished = after
        return after

    @staticmethod
    def _unknown(model: LanguageModel, letters: str, clear: frozenset[str]) -> float:
        """The score of an unknown word, or of letters that begin only such."""
        return model.unknown if model.clear_unknown is None or letters not in clear else model.clear_unknown
