"""The generator keeps apart what must be apart, and draws the same every time."""

from __future__ import annotations

import hashlib

from tests.support import domain_text


def test_nothing_held_out_is_in_the_corpus() -> None:
    corpus = {sentence.text for sentence in domain_text.corpus()}
    held = domain_text.held_out() + domain_text.with_names() + domain_text.tuning()
    assert not corpus & {sentence.text for sentence in held}
    words = {word for text in corpus for word in text.split()}
    assert not words & set(domain_text.rare_names())


def test_a_third_follows_templates_that_the_corpus_never_uses() -> None:
    held = domain_text.held_out()
    assert sum(sentence.unseen for sentence in held) == len(held) // 3
    assert len({sentence.text for sentence in held}) == len(held)


def test_the_drawing_is_fixed() -> None:
    texts = [s.text for s in (*domain_text.held_out(), *domain_text.with_names(), *domain_text.tuning())]
    digest = hashlib.sha256("\n".join(texts).encode()).hexdigest()
    assert digest[:16] == "f517da98f6fa976a"
