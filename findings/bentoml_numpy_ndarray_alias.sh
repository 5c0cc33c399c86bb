#!/usr/bin/env bash
# bentoml 1.4.40 with numpy 2.5.5, Python 3.12 and 3.13 (NumPy 2.5 has no wheels for 3.11), found on PATH or by pyenv.
#
# Behaviour: numpy.typing.NDArray is a TypeAliasType since NumPy 2.5, so typing.get_origin(NDArray[numpy.float32]) is the alias and no longer
#   numpy.ndarray. BentoML looks at that origin: a field NDArray[numpy.float32] of an IODescriptor, as in many services, raises
#   PydanticSchemaGenerationError when the class is made. The same service works with NumPy 2.4. Written out as
#   numpy.ndarray[Any, numpy.dtype[numpy.float32]] it works with both.
# Wrong guess: a minor release of NumPy changes nothing for annotations that only name a type.
# Seen: "NDArray is TypeAliasType; IODescriptor with NDArray: PydanticSchemaGenerationError; written out: works".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
interpreter=
for candidate in python3.13 python3.12 python3; do
  for version in "" $(pyenv versions --bare 2>/dev/null | grep -E '^3\.1[23]\.' || true); do
    if PYENV_VERSION=$version "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then
      interpreter=$(PYENV_VERSION=$version "$candidate" -c 'import sys; print(sys.executable)')
      break 2
    fi
  done
done
[ -n "$interpreter" ] || { echo "Python 3.12 or later is needed" >&2; exit 2; }
"$interpreter" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check bentoml==1.4.40 numpy==2.5.5
export BENTOML_HOME="$work/home" BENTOML_DO_NOT_TRACK=True
"$work/venv/bin/python" - <<'PY'
import sys
from typing import Any
import numpy
import pydantic
from bentoml import IODescriptor
from numpy.typing import NDArray


def outcome(annotation):
    try:
        type("Item", (IODescriptor,), {"__annotations__": {"values": annotation}})
    except pydantic.errors.PydanticSchemaGenerationError as error:
        return type(error).__name__
    return "works"


by_alias = outcome(NDArray[numpy.float32])
written_out = outcome(numpy.ndarray[Any, numpy.dtype[numpy.float32]])
print(f"NDArray is {type(NDArray).__name__}; IODescriptor with NDArray: {by_alias}; written out: {written_out}")
sys.exit((by_alias, written_out) != ("PydanticSchemaGenerationError", "works"))
PY
