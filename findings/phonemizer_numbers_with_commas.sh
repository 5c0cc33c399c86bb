#!/usr/bin/env bash
# phonemizer-fork 3.3.2 with espeakng-loader 0.2.4 (eSpeak NG 1.52.0), Python 3.11 to 3.13, Linux on x86-64.
#
# Behaviour: phonemizer cuts the text at punctuation before eSpeak sees it, also at a comma within a number. eSpeak itself reads
#   "15,000" as fifteen thousand; through phonemize() it is "fifteen zero zero zero", in every language, also with
#   preserve_punctuation=True (then with a comma in the middle). In Hindi, 1,50,000 becomes "one, fifty, zero zero zero".
#   Text for a speech synthesiser must have such numbers in words, or without commas, before it is phonemized.
# Wrong guess: phonemize(text) is what eSpeak says of the same text.
# Seen: "en-us 15,000: eSpeak f_ˈɪ_f_t_iː_n θ_ˈaʊ_z_ə_n_d, phonemizer fɪftiːn ziəɹoʊziəɹoʊ ziəɹoʊ" and the like for Hindi.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check phonemizer-fork==3.3.2 espeakng-loader==0.2.4
"$work/venv/bin/python" - <<'PY'
import sys
import espeakng_loader
from phonemizer import phonemize
from phonemizer.backend.espeak.wrapper import EspeakWrapper

EspeakWrapper.set_library(espeakng_loader.get_library_path())
EspeakWrapper.set_data_path(espeakng_loader.get_data_path())
changed = False
for language, zero in (("hi", "ʃuːnjə"), ("en-us", "ziəɹoʊ")):
    espeak = EspeakWrapper()
    espeak.set_voice(language)
    for number in ("15,000", "15000"):
        direct = espeak.text_to_phonemes(number)
        through = phonemize([number], language=language, backend="espeak", strip=True)[0]
        print(f"{language} {number}: eSpeak {direct}, phonemizer {through}")
        plain = direct.replace("ˈ", "").replace("ˌ", "")
        changed |= zero in plain or through.count(zero) != (3 if "," in number else 0)
sys.exit(changed)
PY
