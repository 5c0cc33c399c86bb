"""How late a model's tokens come after their sound: `python -m training.onsets BUNDLE [--write]`.

Words whose beginning is known, from espeak-ng, in the domain text's tuning sentences: none of those that the tests
measure word times with. --write puts the two numbers into the bundle's manifest, which makes it another version.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import jiwer
import numpy as np

from hindi_stt.bundle.manifest import MANIFEST_FILE, Bundle
from hindi_stt.decoding import GreedyDecoder
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.settings import Settings
from hindi_stt.transcription.pipeline import Pipeline
from hindi_stt.types import WORD_MARK, Token
from tests.server.word_events import speak_with_words
from tests.support import domain_text
from tests.support.wav import wav


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    letters, lags_s = measured(Bundle.open(arguments.bundle))
    further_s, first_s = np.polyfit(letters - 1, lags_s, 1)
    print(f"{len(lags_s)} words; by letters of the first piece, median lag in ms:")
    for n in np.unique(letters):
        print(f"{n}: {np.median(lags_s[letters == n]) * 1000:.0f} ({np.sum(letters == n)})")
    onsets = {
        "first_letter_s": max(0.0, round(float(first_s), 3)),
        "further_letter_s": max(0.0, round(float(further_s), 3)),
    }
    print(onsets)
    if arguments.write:
        path = arguments.bundle / MANIFEST_FILE
        manifest = json.loads(path.read_text(encoding="utf-8")) | {"onsets": onsets}
        path.write_text(json.dumps(manifest, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def measured(bundle: Bundle) -> tuple[np.ndarray, np.ndarray]:
    """For each word that was recognised: letters of its first piece; seconds from its beginning to that piece's."""
    pipeline, acoustic = Pipeline(bundle, Settings(model="")), LocalAcoustic(bundle, threads=1)
    decode = GreedyDecoder(bundle.tokens, bundle.manifest.acoustic.blank_id)
    rows: list[tuple[int, float]] = []
    for sentence in domain_text.tuning():
        samples, rate, at = speak_with_words(sentence.text)
        words = sentence.text.split()
        positions = np.cumsum([0, *(len(word) + 1 for word in words[:-1])])
        (clip,) = pipeline.prepare(wav(samples, rate))
        (log_probs,) = acoustic([clip.features])
        recognised = first_pieces(decode(log_probs).tokens)
        text = " ".join(word for word, _ in recognised) or "-"
        for chunk in jiwer.process_words(sentence.text, text).alignments[0]:
            if chunk.type == "equal":
                said = positions[chunk.ref_start_idx : chunk.ref_end_idx]
                for position, (_, token) in zip(said, recognised[chunk.hyp_start_idx : chunk.hyp_end_idx], strict=True):
                    if position in at:
                        rows.append((len(token.piece.replace(WORD_MARK, "")), token.start_s - at[position]))
    letters, lags_s = zip(*rows, strict=True)
    return np.array(letters), np.array(lags_s)


def first_pieces(tokens: tuple[Token, ...]) -> list[tuple[str, Token]]:
    """Each word, and the first of its tokens that has letters."""
    found: list[tuple[str, Token]] = []
    begins = True
    for token in tokens:
        text = token.piece.replace(WORD_MARK, "")
        begins = begins or token.piece.startswith(WORD_MARK)
        if not text:
            continue
        if begins:
            found.append((text, token))
        else:
            found[-1] = (found[-1][0] + text, found[-1][1])
        begins = False
    return found


if __name__ == "__main__":
    main()
