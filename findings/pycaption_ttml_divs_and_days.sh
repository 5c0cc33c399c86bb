#!/usr/bin/env bash
# pycaption 2.3.14, Python 3.11.
#
# Behaviour: DFXPReader keeps the captions of the last <div> of each language only: those of the ones before are lost without an error. A `begin` of
#   a <div> or of <body>, to which TTML's times within are relative, is ignored. And the writers of WebVTT, SubRip and TTML count
#   hours from 0 again after 24: a caption at 25:00:00 is written as 01:00:00 (SAMI has milliseconds and is right).
# Wrong guess: a document of several divs (one for each programme part or speaker, which TTML has them for) is read as a whole; and an hour
#   above 23 is written as it is read, since WebVTT and TTML allow any number of hours.
# Seen: "two divs: 1 caption, तीन", "div begins at 10 s: 00:00:01,000", "25:00:00,500 in SubRip: 01:00:00,500".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pycaption==2.3.14
cat > "$work/run.py" <<'PY'
import re
import sys

from pycaption import DFXPReader, DFXPWriter, SRTReader, SRTWriter, WebVTTWriter


def subrip(body):
    document = f'<tt xmlns="http://www.w3.org/ns/ttml" xml:lang="hi">{body}</tt>'
    return SRTWriter().write(DFXPReader().read(document)).split()


first = '<p begin="1s" end="2s">एक</p><p begin="3s" end="4s">दो</p>'
last = '<p begin="5s" end="6s">तीन</p>'
one_div = subrip(f"<body><div>{first}{last}</div></body>")
two_divs = subrip(f"<body><div>{first}</div><div>{last}</div></body>")
print(f"one div: {one_div.count('-->')} captions; two divs: {two_divs.count('-->')} caption, {two_divs[-1]}")
as_expected = one_div.count("-->") == 3 and two_divs.count("-->") == 1 and two_divs[-1] == "तीन"
for name, body in (
    ("div", '<body><div begin="10s"><p begin="1s" end="2s">एक</p></div></body>'),
    ("body", '<body begin="10s"><div><p begin="1s" end="2s">एक</p></div></body>'),
):
    begin = subrip(body)[1]
    print(f"{name} begins at 10 s, its caption 1 s later: {begin}")
    as_expected &= begin == "00:00:01,000"
captions = SRTReader().read("1\n25:00:00,500 --> 25:00:01,500\nएक\n\n")
for name, writer in (("SubRip", SRTWriter), ("WebVTT", WebVTTWriter), ("TTML", DFXPWriter)):
    begin = re.search(r"\d+:\d\d:\d\d[.,]\d{3}", writer().write(captions)).group()
    print(f"25:00:00,500 in {name}: {begin}")
    as_expected &= begin.replace(",", ".") == "01:00:00.500"
sys.exit(not as_expected)
PY
"$work/venv/bin/python" -W ignore "$work/run.py"
