#!/usr/bin/env bash
# huggingface_hub 2.4.0, Python 3.11. The cache is made by the script, in the layout of the package; nothing is fetched.
#
# Behaviour: offline (HF_HUB_OFFLINE=1 or local_files_only=True), snapshot_download returns the folder of a revision as soon as it is there,
#   whatever it holds. After one hf_hub_download of config.json, which makes that folder, it returns a folder with config.json alone and
#   no warning, also with allow_patterns that name the missing model. hf_hub_download raises for that same file. With local_dir, any
#   folder that is not empty is returned, whatever is in it, for any repository and for revisions that do not exist; that is a
#   warning in the log. Only an empty or missing local_dir raises.
# Wrong guess: LocalEntryNotFoundError for a snapshot that lacks what was asked for, as from hf_hub_download, at the start of a server.
# Seen: "cache, no patterns: ['config.json'], 0 warnings", "cache, allow_patterns=['encoder.onnx']: ['config.json'], 0 warnings",
#   "hf_hub_download of encoder.onnx: LocalEntryNotFoundError", "local_dir with notes.txt, another repository: ['notes.txt'], 1 warnings".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --no-compile --quiet --disable-pip-version-check huggingface_hub==2.4.0
cat > run.py <<'PY'
import logging
import os
from pathlib import Path

from huggingface_hub import hf_hub_download, snapshot_download
from huggingface_hub.errors import LocalEntryNotFoundError

# What hf_hub_download("someone/hindi-speech", "config.json") leaves in the cache
cache, commit = Path("cache").absolute(), "a" * 40
repository = cache / "models--someone--hindi-speech"
(repository / "snapshots" / commit).mkdir(parents=True)
(repository / "snapshots" / commit / "config.json").write_text("{}")
(repository / "refs").mkdir()
(repository / "refs" / "main").write_text(commit)

for name in ("empty", "other"):
    Path(name).mkdir()
Path("other/notes.txt").write_text("not a model")

warnings = []
handler = logging.Handler()
handler.emit = warnings.append
logging.getLogger("huggingface_hub").handlers = [handler]
as_expected = True


def report(name, expected, call, expected_warnings=0):
    global as_expected
    warnings.clear()
    try:
        found = call()
    except LocalEntryNotFoundError as error:
        found = type(error).__name__
    print(f"{name}: {found}, {len(warnings)} warnings")
    as_expected = as_expected and found == expected and len(warnings) == expected_warnings


def snapshot(repo_id="someone/hindi-speech", **options):
    if os.environ.get("HF_HUB_OFFLINE") != "1":
        options["local_files_only"] = True
    return sorted(os.listdir(snapshot_download(repo_id, cache_dir=cache, **options)))


def one_file(name):
    return Path(hf_hub_download("someone/hindi-speech", name, cache_dir=cache, local_files_only=True)).name


missing = "LocalEntryNotFoundError"
report("hf_hub_download of config.json", "config.json", lambda: one_file("config.json"))
report("hf_hub_download of encoder.onnx", missing, lambda: one_file("encoder.onnx"))
report("cache, no patterns", ["config.json"], snapshot)
report("cache, allow_patterns=['encoder.onnx']", ["config.json"], lambda: snapshot(allow_patterns=["encoder.onnx"]))
report("cache, revision v2", missing, lambda: snapshot(revision="v2"))
report("local_dir, empty", missing, lambda: snapshot("someone/else", local_dir="empty"))
report("local_dir, missing", missing, lambda: snapshot("someone/else", local_dir="missing"))
report("local_dir with notes.txt, another repository", ["notes.txt"], lambda: snapshot("someone/else", local_dir="other"), 1)
report("local_dir with notes.txt, revision v2", ["notes.txt"], lambda: snapshot(revision="v2", local_dir="other"), 1)
raise SystemExit(int(not as_expected))
PY
echo "local_files_only=True"
env -u HF_HUB_OFFLINE venv/bin/python run.py
echo "HF_HUB_OFFLINE=1"
rm -rf cache empty other
HF_HUB_OFFLINE=1 venv/bin/python run.py
