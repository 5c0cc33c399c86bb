#!/usr/bin/env bash
# prometheus-client 0.26.0, Python 3.11.
#
# Behaviour: with several processes (PROMETHEUS_MULTIPROC_DIR, and a MultiProcessCollector in a new CollectorRegistry, as the documentation shows it)
#   a request with name[]=…, by which a scrape takes a few metrics only, is answered with 200 and an empty page, whatever name is asked for;
#   without it all metrics are there. In one process the same request works. With CollectorRegistry(auto_describe=True) it finds the
#   metrics that existed when the collector was registered and no later ones; with support_collectors_without_names=True it finds all.
#   In one process, name[] takes names of samples: stt_calls_total, not stt_calls, which is the counter's own name.
# Wrong guess: the filter works on what is collected, so that it does not matter how that came together; an unknown name is an error.
# Seen: "one process, name[]=stt_calls_total: stt_calls_total 1.0", "several processes, name[]=stt_calls_total: 200 OK, empty".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check prometheus-client==0.26.0
cat > "$work/run.py" <<'PY'
import os
import sys

from prometheus_client import REGISTRY, CollectorRegistry, Counter, make_wsgi_app, multiprocess

several = "PROMETHEUS_MULTIPROC_DIR" in os.environ


def registry(**options):
    if not several:
        return REGISTRY
    made = CollectorRegistry(**options)
    multiprocess.MultiProcessCollector(made)
    return made


def scraped(app, query):
    """The status and the samples of the metrics page."""
    status = []
    environment = {"QUERY_STRING": query, "REQUEST_METHOD": "GET", "PATH_INFO": "/metrics"}
    page = b"".join(app(environment, lambda line, headers: status.append(line))).decode()
    samples = [line for line in page.splitlines() if line.startswith("stt_") and "_created" not in line]
    return f"{status[0]}, {' and '.join(samples) or 'empty'}"


Counter("stt_calls", "calls").inc()
apps = {"": make_wsgi_app(registry())}
if several:
    for option in ("auto_describe", "support_collectors_without_names"):
        apps[f" with {option}"] = make_wsgi_app(registry(**{option: True}))
Counter("stt_later", "made after the registries").inc()

name = "several processes" if several else "one process"
both = "200 OK, stt_calls_total 1.0 and stt_later_total 1.0"
calls, later, empty = "200 OK, stt_calls_total 1.0", "200 OK, stt_later_total 1.0", "200 OK, empty"
expected = {
    "": [both, empty, empty, empty] if several else [both, calls, later, empty],
    " with auto_describe": [both, calls, empty, empty],
    " with support_collectors_without_names": [both, calls, later, empty],
}
queries = ("", "name[]=stt_calls_total", "name[]=stt_later_total", "name[]=stt_calls")
as_expected = True
for option, app in apps.items():
    found = [scraped(app, query) for query in queries]
    for query, page in zip(queries, found, strict=True):
        print(f"{name}{option}, {query or 'all'}: {page}")
    as_expected &= found == expected[option]
sys.exit(not as_expected)
PY
"$work/venv/bin/python" "$work/run.py"
mkdir "$work/values"
PROMETHEUS_MULTIPROC_DIR="$work/values" "$work/venv/bin/python" "$work/run.py"
