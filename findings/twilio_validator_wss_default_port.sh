#!/usr/bin/env bash
# twilio 9.13.0 (Python helper library), Python 3.11.
#
# Behaviour: `RequestValidator` also tries the address with its default port, and takes 80 for `wss`. A signature made over
#   wss://HOST:443/…, the address that a platform was given with its port, is refused for the request wss://HOST/…, and one over
#   wss://HOST:80/… is accepted. For `https` the default is 443, and both forms are accepted.
# Wrong guess: wss has the default port of https, as RFC 6455 says, and an address with and without it is the same one.
# Seen: "wss with :443: False", "wss with :80: True", "https with :443: True".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check twilio==9.13.0
cat > "$work/run.py" <<'PY'
import sys

from twilio.request_validator import RequestValidator

validator = RequestValidator("0123456789abcdef")
seen = {}
for scheme, port in (("wss", ":443"), ("wss", ":80"), ("https", ":443")):
    signature = validator.compute_signature(f"{scheme}://calls.example.com{port}/stream", {})
    seen[scheme, port] = validator.validate(f"{scheme}://calls.example.com/stream", {}, signature)
    print(f"{scheme} with {port}: {seen[scheme, port]}")
sys.exit(list(seen.values()) != [False, True, True])
PY
"$work/venv/bin/python" "$work/run.py"
