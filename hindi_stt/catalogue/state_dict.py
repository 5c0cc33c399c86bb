"""Reads the tensors of a PyTorch checkpoint without PyTorch, and without running what its pickle names.

The form is that of `torch.save` since PyTorch 1.6: a zip archive with a pickle and a file of raw values a tensor.
"""

from __future__ import annotations

import io
import pickle  # restricted: see _Unpickler.find_class
import zipfile
import zlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hindi_stt.errors import CorruptModel, UnsafeArchive

__all__ = ["read_state_dict"]

_PICKLE: Final = "data.pkl"
_MAX_PICKLE_BYTES: Final = 16 * 2**20
_MAX_BYTES: Final = 2**30
_STORAGES: Final[Mapping[str, type[np.generic]]] = {
    "FloatStorage": np.float32,
    "DoubleStorage": np.float64,
    "HalfStorage": np.float16,
    "LongStorage": np.int64,
    "IntStorage": np.int32,
}
# What zipfile, pickle and NumPy raise for damaged files; pickle runs its instructions without checking their operands.
_DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    pickle.UnpicklingError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class _Storage:
    """A class of torch that the pickle names: the type of a storage's values."""

    dtype: type[np.generic]


def read_state_dict(file: Path) -> dict[str, NDArray[Any]]:
    """Read a state dict.

    Args:
        file: As `torch.save` writes a state dict, or a checkpoint: a dictionary that has one as "state_dict".

    Returns:
        The tensors by name.

    Raises:
        UnsafeArchive: The pickle names anything but tensors, or the file unpacks to more than 1 GiB.
        CorruptModel: It is damaged, or no state dict.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            if sum(member.file_size for member in archive.infolist()) > _MAX_BYTES:
                raise UnsafeArchive(f"{file.name} unpacks to more than {_MAX_BYTES:,} bytes.")
            pickles = [name for name in archive.namelist() if PurePosixPath(name).name == _PICKLE]
            if len(pickles) != 1:
                raise CorruptModel(f"{file.name} has {len(pickles)} members named {_PICKLE}: no checkpoint of PyTorch.")
            if archive.getinfo(pickles[0]).file_size > _MAX_PICKLE_BYTES:
                raise UnsafeArchive(f"{pickles[0]} in {file.name} has more than {_MAX_PICKLE_BYTES:,} bytes.")
            state = _Unpickler(archive, pickles[0]).load()
    except _DAMAGE as error:
        raise CorruptModel(f"{file.name} cannot be read as a checkpoint of PyTorch: {error}.") from error
    if isinstance(state, dict) and isinstance(state.get("state_dict"), dict):
        state = state["state_dict"]
    if not isinstance(state, dict) or not all(isinstance(value, np.ndarray) for value in state.values()):
        raise CorruptModel(f"{file.name} is not a state dict: it has objects other than named tensors.")
    return {str(name): value for name, value in state.items()}


class _Unpickler(pickle.Unpickler):  # noqa: S301  # see `find_class`
    """Makes arrays where the pickle asks for tensors, and refuses whatever else it names."""

    def __init__(self, archive: zipfile.ZipFile, name: str) -> None:
        super().__init__(io.BytesIO(archive.read(name)))
        self._archive = archive
        self._prefix = name.removesuffix(_PICKLE)

    def find_class(self, module: str, name: str) -> Any:
        """The stand-in of a class or function of torch; see `pickle.Unpickler`."""
        known: dict[tuple[str, str], Callable[..., Any] | _Storage] = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
            **{("torch", storage): _Storage(dtype) for storage, dtype in _STORAGES.items()},
        }
        if (module, name) not in known:
            raise UnsafeArchive(f"The checkpoint names {module}.{name}, not a tensor: loading it would run code.")
        return known[module, name]

    def persistent_load(self, pid: Any) -> NDArray[Any]:
        """The values of a storage, one-dimensional; see `pickle.Unpickler`."""
        _, storage, key, _, n_values = pid
        values = np.frombuffer(
            self._archive.read(f"{self._prefix}data/{key}"), np.dtype(storage.dtype).newbyteorder("<")
        )
        if len(values) < n_values:
            raise CorruptModel(f"The storage {key} of the checkpoint has {len(values)} values instead of {n_values}.")
        return values[:n_values]


def _rebuild_tensor(
    storage: NDArray[Any], offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: Any
) -> NDArray[Any]:
    """A contiguous tensor in its storage; stands in for the function of torch._utils."""
    contiguous = tuple(int(np.prod(size[i + 1 :], dtype=np.int64)) for i in range(len(size)))
    if any(one != other for n, one, other in zip(size, stride, contiguous, strict=True) if n > 1):
        raise CorruptModel(f"A tensor of the checkpoint of shape {size} is not contiguous.")
    n_values = int(np.prod(size, dtype=np.int64))
    return storage[offset : offset + n_values].reshape(size)
