#!/usr/bin/env bash
# transformers 4.57.6, Python 3.11 (no PyTorch needed).
#
# Behaviour: `Wav2Vec2CTCTokenizer.decode(ids, skip_special_tokens=True)` drops the blank, which is the pad token, before it merges repeated
#   classes. Two equal letters with a blank between them, which is how CTC writes a doubled letter, become one; so do letters around <unk>.
# Wrong guess: skipping special tokens hides <pad> and <unk> and changes no letter.
# Seen: ids क, blank, क: 'कक' without the option, 'क' with it; क, <unk>, क: 'क<unk>क' and 'क'.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check transformers==4.57.6
cat > "$work/vocab.json" <<'JSON'
{"<pad>": 0, "<unk>": 1, "|": 2, "क": 3, "ल": 4}
JSON
cat > "$work/run.py" <<'PY'
import sys

from transformers import Wav2Vec2CTCTokenizer

tokenizer = Wav2Vec2CTCTokenizer(
    sys.argv[1], unk_token="<unk>", pad_token="<pad>", word_delimiter_token="|", bos_token=None, eos_token=None
)
BLANK, UNKNOWN, LETTER = 0, 1, 3
seen = {}
for name, between in (("blank", BLANK), ("<unk>", UNKNOWN)):
    ids = [LETTER, between, LETTER]
    seen[name] = tokenizer.decode(ids), tokenizer.decode(ids, skip_special_tokens=True)
    print(f"क, {name}, क: {seen[name][0]!r}, with skip_special_tokens=True {seen[name][1]!r}")
sys.exit(seen != {"blank": ("कक", "क"), "<unk>": ("क<unk>क", "क")})
PY
"$work/venv/bin/python" -W ignore "$work/run.py" "$work/vocab.json" 2>/dev/null
