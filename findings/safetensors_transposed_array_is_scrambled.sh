#!/usr/bin/env bash
# safetensors 0.8.0 and 0.7.0, NumPy 2.4.0, Python 3.11.
#
# Behaviour: safetensors.numpy of 0.8.0 writes the bytes of an array as they lie in memory, with the shape of the array. A transposed
#   matrix and one in Fortran order are other values when they are loaded, of the right shape and type. There is no error and no
#   warning at saving or loading. 0.7.0 writes the same arrays correctly. The docstring of both says "need to be contiguous and dense";
#   safetensors.torch checks that and raises, safetensors.numpy does not check.
# Wrong guess: NumPy arrays are stored by value, as in the versions before, or are refused with the error that tensors of PyTorch get.
# Seen: "0.7.0, transposed: loaded as saved", "0.8.0, transposed: [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]] for [[0.0, 3.0], [1.0, 4.0],
#   [2.0, 5.0]]", "0.8.0, the layer's output after loading is off by up to 43.1, its values are up to 28.2".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --no-compile --quiet --disable-pip-version-check safetensors==0.7.0 numpy==2.4.0
cat > run.py <<'PY'
import importlib.metadata

import numpy as np
from safetensors.numpy import load_file, save_file

version = importlib.metadata.version("safetensors")
matrix = np.arange(6, dtype=np.float32).reshape(2, 3)
arrays = {
    "as made": matrix,
    "transposed": matrix.T,
    "in Fortran order": np.asfortranarray(matrix),
    "transposed and copied": np.ascontiguousarray(matrix.T),
}
save_file(arrays, "arrays.safetensors")
loaded = load_file("arrays.safetensors")
changed = set()
for name, array in arrays.items():
    assert loaded[name].shape == array.shape and loaded[name].dtype == array.dtype
    if np.array_equal(loaded[name], array):
        print(f"{version}, {name}: loaded as saved")
    else:
        changed.add(name)
        print(f"{version}, {name}: {loaded[name].tolist()} for {array.tolist()}")

# What an export does: the weight of a linear layer is stored the other way round.
random = np.random.default_rng(0)
weight, frame = random.standard_normal((80, 64), dtype=np.float32), random.standard_normal(80, dtype=np.float32)
save_file({"weight": weight.T}, "layer.safetensors")
error = np.abs(load_file("layer.safetensors")["weight"] @ frame - weight.T @ frame).max()
print(f"{version}, the layer's output after loading is off by up to {error:.1f}, its values are up to {np.abs(weight.T @ frame).max():.1f}")
expected = {"transposed", "in Fortran order"} if version == "0.8.0" else set()
raise SystemExit(int(changed != expected or bool(error > 1) != (version == "0.8.0")))
PY
export OMP_NUM_THREADS=1
venv/bin/python run.py
venv/bin/pip install --no-compile --quiet --disable-pip-version-check safetensors==0.8.0
venv/bin/python run.py
