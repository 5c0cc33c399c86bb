"""The way of one uploaded clip through the code: python -m benchmarks.upload_path [CHECKOUT …]

A server of each checkout (without: of this one) takes one clip at POST /transcribe while its API worker notes each
public function that begins, `__call__` among them. Other special methods, private functions, lambdas and resumed
coroutines do not count, nor does what belongs to no request: the probe of the runner, and what comes before the
request's handler. The table has the modules in the order in which the clip's request enters them, how many there are,
and how often the request comes back to one that it had left.

Packages whose modules work on the clip alone (audio, decoding, text, render, features) count as one module each. What
knows nothing of a recording (errors, types, settings, logs, metrics, traces, threads, fair shares, middleware, the
clock of live connections) does not count.
"""

from __future__ import annotations

import os
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from itertools import dropwhile, groupby
from pathlib import Path

import httpx

from tests.support.server import ROOT, Server

CLIP = ROOT / "tests" / "data" / "rain_16k.wav"
WHOLE = ("audio", "decoding", "text", "render", "features", "segments", "quality")
LEFT_OUT = (
    *(
        "errors",
        "types",
        "text_values",
        "settings",
        "observability",
        "concurrency",
        "processes",
        "bentoml_compat",
        "storage",
        "access",
    ),
    *("metrics", "tracing", "threads", "watchdog", "supervision", "lasting_tasks", "repeated_errors", "log_format"),
    *("http.requests", "http.protection", "http.origins", "http.framework", "http.logs", "http.health", "http.load"),
    *("api.middleware", "api.error_responses", "api.health", "api.audio_load", "api.uploads.disk_space", "fair_turns"),
    *("http.fair_slots", "http.places", "http.metrics_files", "http.connection_bounds", "http.upload_space", "bundle"),
    *("runtime_folder", "api.disconnect", "http.disconnect", "http.together", "registry", "garbage"),
    "api.live.connections",
)
HANDLERS = ("api.transcribe", "http.transcribe", "service")
PROFILER = """
import dis, os, sys, threading, time
log = os.environ["UPLOAD_PATH_LOG"]
first = {}  # code -> the offset of its first RESUME, where a function or a coroutine begins and is not resumed
def begins(frame):
    code = frame.f_code
    if code not in first:
        first[code] = next((i.offset for i in dis.get_instructions(code) if i.opname == "RESUME"), -1)
    return frame.f_lasti <= first[code]
def note(frame, event, _):
    if event == "call" and os.path.exists(log + ".on"):
        name = frame.f_globals.get("__name__", "")
        ours = name.startswith("hindi_stt.") or name == "service"
        function = frame.f_code.co_name
        public = function == "__call__" or function[0] not in "_<"
        if ours and public and function != "probe" and begins(frame):
            with open(f"{log}.{os.getpid()}", "a") as file:
                file.write(f"{time.monotonic_ns()} {name}\\n")
sys.setprofile(note)
threading.setprofile(note)
"""


def main() -> None:
    """Print a table for each checkout."""
    for checkout in [Path(argument).resolve() for argument in sys.argv[1:]] or [ROOT]:
        way = list(modules(checkout))
        entered = [name for name, _ in groupby(way)]
        distinct = list(dict.fromkeys(entered))
        print(f"{checkout.name}: {len(distinct)} modules, {len(entered) - len(distinct)} returns")
        print(textwrap.fill(" > ".join(entered), 118, initial_indent="  ", subsequent_indent="  "))


def modules(checkout: Path) -> Iterator[str]:
    """The module of each function that begins for one request, in the order of time."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "sitecustomize.py").write_text(PROFILER)
        log = str(Path(folder) / "calls")
        path = os.pathsep.join([folder, str(checkout)])
        server = Server(Path(folder), checkout, UPLOAD_PATH_LOG=log, PYTHONPATH=path)
        try:
            server.wait_until_ready(120)
            content = CLIP.read_bytes()
            for recorded in (False, True):
                if recorded:
                    Path(log + ".on").touch()
                httpx.post(f"{server.url}/transcribe", files={"file": ("clip.wav", content)}, timeout=60)
                Path(log + ".on").unlink(missing_ok=True)
            time.sleep(0.5)
        finally:
            server.stop()
        notes = [path.read_text().splitlines() for path in Path(folder).glob("calls.*") if path.suffix != ".on"]
        api = max(notes, key=lambda lines: sum("uploads" in line for line in lines))
        names = [line.split()[1].removeprefix("hindi_stt.") for line in api]
        for name in dropwhile(lambda name: not name.startswith(HANDLERS), names):
            if not name.startswith(LEFT_OUT):
                yield next((whole for whole in WHOLE if name.split(".")[0] == whole), name)


if __name__ == "__main__":
    main()
