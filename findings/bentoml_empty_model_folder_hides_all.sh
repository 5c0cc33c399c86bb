#!/usr/bin/env bash
# bentoml 1.4.40, Python 3.11.
#
# Behaviour: one folder without a model.yaml in the model store, as an interrupted copy or a restored backup leaves it, makes bentoml.models.list()
#   and `bentoml models list` fail as a whole, for the models beside it, too. `bentoml models delete` of just that folder fails with the
#   same message, which does not say where it is; bentoml.models.delete() in Python removes it. A folder that was copied under
#   another version's name is listed, under the version it was copied from: the same tag is there twice.
# Wrong guess: what cannot be read is left out with a warning, and the command that deletes does what the function does.
# Seen: "list(): BentoMLException", "command list: exit 1", "command delete stt:v2: exit 1", "delete() in Python: nothing raised", "list(): stt:v1",
#   and for the copy "list(): stt:v1 stt:v1".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --no-compile --quiet --disable-pip-version-check bentoml==1.4.40
export BENTOML_HOME="$work/home" BENTOML_DO_NOT_TRACK=True
cat > "$work/run.py" <<'PY'
import os
import shutil
import subprocess
import sys
from pathlib import Path

import bentoml

found = []


def note(name, answer):
    print(f"{name}: {answer}")
    found.append(answer)


def listed():
    try:
        return " ".join(str(model.tag) for model in bentoml.models.list())
    except bentoml.exceptions.BentoMLException as error:
        return type(error).__name__


def command(*arguments):
    program = Path(sys.executable).with_name("bentoml")
    return f"exit {subprocess.run([program, 'models', *arguments], capture_output=True, check=False).returncode}"


with bentoml.models.create("stt:v1") as model:
    Path(model.path_of("weights")).write_text("none")
folder = Path(os.environ["BENTOML_HOME"]) / "models" / "stt"
note("list()", listed())
(folder / "v2").mkdir()
note("list()", listed())
note("command list", command("list"))
note("get(stt:v1)", str(bentoml.models.get("stt:v1").tag))
note("command delete stt:v2", command("delete", "--yes", "stt:v2"))
bentoml.models.delete("stt:v2")
note("delete() in Python", "nothing raised")
note("list()", listed())
shutil.copytree(folder / "v1", folder / "v2")
note("list()", listed())
expected = ["stt:v1", "BentoMLException", "exit 1", "stt:v1", "exit 1", "nothing raised", "stt:v1", "stt:v1 stt:v1"]
sys.exit(found != expected)
PY
"$work/venv/bin/python" -W ignore "$work/run.py"
