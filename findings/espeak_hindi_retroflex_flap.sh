#!/usr/bin/env bash
# espeakng-loader 0.2.4 (eSpeak NG 1.52.0), Python 3.11 to 3.13, Linux on x86-64.
#
# Behaviour: the IPA that eSpeak NG gives for Hindi ड़ and ढ़ is not ɽ: it is the two characters "r." (and "r.h"), the name of the phoneme in
#   its own alphabet. The full stop lies in the middle of the word. Who hands this to a speech synthesiser that takes punctuation, or
#   cuts sentences at full stops behind phonemization, gets a pause in सड़क, लड़का, पढ़ना. The voices of Urdu and Punjabi do the same.
# Wrong guess: --ipa gives IPA, so that a full stop can only come from the text.
# Seen: "hi सड़क s_ˈʌ_r._ə_k", "hi पढ़ना p_ˈʌ_r._h_ə_n_ˌaː", "ur سڑک s_ˈʌ_r._ə_k"; no ɽ.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check phonemizer-fork==3.3.2 espeakng-loader==0.2.4
"$work/venv/bin/python" - <<'PY'
import sys
import espeakng_loader
from phonemizer.backend.espeak.wrapper import EspeakWrapper

EspeakWrapper.set_library(espeakng_loader.get_library_path())
EspeakWrapper.set_data_path(espeakng_loader.get_data_path())
changed = False
for language, words in (("hi", "सड़क लड़का पढ़ना"), ("ur", "سڑک لڑکا"), ("pa", "ਸੜਕ")):
    espeak = EspeakWrapper()
    espeak.set_voice(language)
    for word in words.split():
        ipa = espeak.text_to_phonemes(word)
        print(language, word, ipa)
        changed |= "r." not in ipa or "ɽ" in ipa
sys.exit(changed)
PY
