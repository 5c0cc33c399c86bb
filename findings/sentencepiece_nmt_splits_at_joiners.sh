#!/usr/bin/env bash
# sentencepiece 0.2.3 and tokenizers 0.23.3, Python 3.11.
#
# Behaviour: SentencePiece's default rule nmt_nfkc makes a space of ZERO WIDTH NON-JOINER (U+200C), which Devanagari is written with inside words, and
#   leaves ZERO WIDTH JOINER (U+200D) as it is: शर्‌त becomes two words, क्‍या stays one. The rule nfkc leaves both. tokenizers' Nmt, which
#   stands for the same rule where a SentencePiece model is rebuilt, makes a space of both, so that क्‍या is two words there. Its
#   pre-tokenizer UnicodeScripts splits such words, too, since joiners belong to no script; Whitespace does not.
# Wrong guess: signs of no width are dropped or kept, and the same in both libraries, so that a model counts the words that a reader sees.
# Seen: words for "क्‍या" and "शर्‌त": "sentencepiece nmt_nfkc 1 2", "sentencepiece nfkc 1 1", "tokenizers Nmt 2 2", "tokenizers UnicodeScripts 3 3",
#   "tokenizers Whitespace 1 1".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check sentencepiece==0.2.3 tokenizers==0.23.3
cat > "$work/run.py" <<'PY'
import sys

import sentencepiece
from tokenizers import normalizers, pre_tokenizers

WORDS = ("क्\u200dया", "शर्\u200cत")  # one word each: "what" with a joiner, "condition" with a non-joiner


def pieces(pre_tokenizer):
    return [len(pre_tokenizer.pre_tokenize_str(word)) for word in WORDS]


found = {}
for rule in ("nmt_nfkc", "nfkc"):
    normalizer = sentencepiece.SentencePieceNormalizer(rule_name=rule)
    found[f"sentencepiece {rule}"] = [len(normalizer.normalize(word).replace("▁", " ").split()) for word in WORDS]
found["tokenizers Nmt"] = [len(normalizers.Nmt().normalize_str(word).split()) for word in WORDS]
found["tokenizers UnicodeScripts"] = pieces(pre_tokenizers.UnicodeScripts())
found["tokenizers Whitespace"] = pieces(pre_tokenizers.Whitespace())
for name, counts in found.items():
    print(name, *counts)
sys.exit(list(found.values()) != [[1, 2], [1, 1], [2, 2], [3, 3], [1, 1]])
PY
"$work/venv/bin/python" "$work/run.py"
