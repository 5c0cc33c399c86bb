#!/usr/bin/env bash
# plivo 4.63.0 (Python SDK), Python 3.11.
#
# Behaviour: `validate_v3_signature` raises ValidationError for an address that begins with `wss://`, before it looks at the signature: its
#   pattern takes http and https only. Audio streams, which Plivo signs with the same scheme, come over WebSocket. `get_signature_v3`
#   computes a signature for such an address.
# Wrong guess: the SDK's validator takes every address that the platform signs.
# Seen: "https: False" for a wrong signature, "wss: ValidationError" for any, "signature of wss: 44 characters".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check plivo==4.63.0
cat > "$work/run.py" <<'PY'
import sys

from plivo.exceptions import ValidationError
from plivo.utils.signature_v3 import construct_get_url, get_signature_v3, validate_v3_signature

TOKEN, NONCE = "0123456789abcdef", "12345"
seen = {}
for scheme in ("https", "wss"):
    address = f"{scheme}://calls.example.com/stream"
    try:
        seen[scheme] = validate_v3_signature("GET", address, NONCE, TOKEN, "no signature")
    except ValidationError:
        seen[scheme] = "ValidationError"
    print(f"{scheme}: {seen[scheme]}")
signature = get_signature_v3(TOKEN, construct_get_url("wss://calls.example.com/stream", {}), NONCE).strip()
print(f"signature of wss: {len(signature)} characters")
sys.exit(seen != {"https": False, "wss": "ValidationError"} or len(signature) != 44)
PY
"$work/venv/bin/python" "$work/run.py"
