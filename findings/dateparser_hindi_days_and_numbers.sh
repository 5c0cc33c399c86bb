#!/usr/bin/env bash
# dateparser 1.5.0, Python 3.11.
#
# Behaviour: in Hindi, कल is yesterday or tomorrow and परसों is two days before or after, as the verb says. dateparser always takes the day
#   ahead for कल and the day behind for परसों. Numbers as words, which English has ("two days ago"), give None: दो दिन पहले, दस मिनट पहले,
#   while 2 and २ work; so do बृहस्पतिवार (Thursday), शाम 5 बजे (5 in the evening) and पिछले महीने (last month).
#   search_dates counts मैं (I) as a part of the date after it.
# Wrong guess: both words fall on the same side, or a setting (PREFER_DATES_FROM) decides; number words are known where units are.
# Seen: on 10 March "कल: 11 March, परसों: 8 March", whatever PREFER_DATES_FROM is; "दो दिन पहले: None", "२ दिन पहले: 8 March".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check dateparser==1.5.0
cat > "$work/run.py" <<'PY'
import datetime
import sys

import dateparser
from dateparser.search import search_dates

noon = datetime.datetime(2026, 3, 10, 12)


def day(text, language="hi", **settings):
    found = dateparser.parse(text, languages=[language], settings={"RELATIVE_BASE": noon, **settings})
    return found and f"{found.day} {found:%B}"


as_expected = True
for preference in ("current_period", "past", "future"):
    days = [day(word, PREFER_DATES_FROM=preference) for word in ("कल", "परसों")]
    print(f"{preference}: कल: {days[0]}, परसों: {days[1]}")
    as_expected &= days == ["11 March", "8 March"]
known = {text: day(text) for text in ("2 दिन पहले", "२ दिन पहले", "गुरुवार", "पिछले साल")}
unknown = {text: day(text) for text in ("दो दिन पहले", "दस मिनट पहले", "एक सप्ताह पहले", "बृहस्पतिवार", "शाम 5 बजे", "पिछले महीने")}
for text, found in {**known, **unknown}.items():
    print(f"{text}: {found}")
in_english = day("two days ago", "en")
print(f"two days ago: {in_english}")
part = search_dates("मैं 15 अगस्त 1947 को पैदा हुआ", languages=["hi"])[0][0]
print(f"date found in a sentence: {part}")
as_expected &= all(known.values()) and not any(unknown.values()) and in_english == "8 March" and part.startswith("मैं")
sys.exit(not as_expected)
PY
"$work/venv/bin/python" -W ignore "$work/run.py"
