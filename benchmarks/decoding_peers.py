"""pyctcdecode and flashlight-text on the same log-probs, in an environment of their own (pyctcdecode wants NumPy 1).

python benchmarks/decoding_peers.py NAME FOLDER; FOLDER holds what benchmarks.decoding wrote. For every line on standard
input all clips are decoded once; the answer is one JSON line: seconds, and the texts.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np

BLANK = "<blk>"


def pyctcdecode(folder, setup, *, floor, margin):
    from pyctcdecode import build_ctcdecoder

    labels = ["" if token == BLANK else token for token in setup["tokens"]]
    decoder = build_ctcdecoder(
        labels, str(folder / "lm.arpa"), setup["words"], alpha=setup["alpha"], beta=setup["beta"]
    )
    width = setup["width"]
    return lambda clip: decoder.decode(clip, beam_width=width, token_min_logp=floor, beam_prune_logp=-margin)


def flashlight(folder, setup):
    from flashlight.lib.text.decoder import CriterionType, LexiconDecoder, LexiconDecoderOptions, SmearingMode, Trie
    from flashlight.lib.text.decoder.kenlm import KenLM
    from flashlight.lib.text.dictionary import Dictionary

    tokens = setup["tokens"]
    words = Dictionary()
    for word in [*setup["words"], "<unk>"]:
        words.add_entry(word)
    lm = KenLM(str(folder / "lm.arpa"), words)
    start = lm.start(False)  # noqa: FBT003 -- C++
    trie = Trie(len(tokens), 0)
    for word, spellings in setup["spellings"].items():
        _, score = lm.score(start, words.get_index(word))
        for spelling in spellings:
            trie.insert(spelling, words.get_index(word), score)
    trie.smear(SmearingMode.MAX)
    options = LexiconDecoderOptions(
        beam_size=setup["width"],
        beam_size_token=len(tokens),
        beam_threshold=setup["margin"],
        lm_weight=setup["alpha"] * np.log(10),
        word_score=setup["beta"],
        unk_score=-float("inf"),
        sil_score=0.0,
        log_add=False,
        criterion_type=CriterionType.CTC,
    )
    mark = -1  # no silence token: pieces carry the word mark
    decoder = LexiconDecoder(options, trie, lm, mark, tokens.index(BLANK), words.get_index("<unk>"), [], False)  # noqa: FBT003 -- C++

    def decode(clip):
        clip = np.ascontiguousarray(clip, np.float32)
        best = decoder.decode(clip.ctypes.data, *clip.shape)[0]
        return " ".join(words.get_entry(i) for i in best.words if i >= 0)

    return decode


def main():
    name, folder = sys.argv[1], Path(sys.argv[2])
    setup = json.loads((folder / "setup.json").read_text(encoding="utf-8"))
    with np.load(folder / "clips.npz") as file:
        clips = [file[key] for key in file.files]
    contenders = {
        "pyctcdecode": lambda: pyctcdecode(folder, setup, floor=-5.0, margin=10.0),
        "pyctcdecode, our pruning": lambda: pyctcdecode(folder, setup, floor=setup["floor"], margin=setup["margin"]),
        "flashlight-text": lambda: flashlight(folder, setup),
    }
    decode = contenders[name]()
    for _ in sys.stdin:
        start = time.perf_counter()
        texts = [decode(clip) for clip in clips]
        print(json.dumps({"seconds": time.perf_counter() - start, "texts": texts}), flush=True)


if __name__ == "__main__":
    main()
