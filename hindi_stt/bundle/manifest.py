"""A model bundle: a folder with `bundle.json`, the ONNX files, and everything else that the server needs to know.

The model is data: no other module holds a number that belongs to a model. `Manifest` is the schema, `Bundle` an opened
and verified folder. Assets are named by role, so that further precisions, tokenizers and language models can join
without a new schema version.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np

from hindi_stt.bundle.folder import (
    MANIFEST_FILE,
    FileState,
    asset_of,
    check_asset,
    file_state,
    read_manifest,
    sha256_of,
    write_manifest,
)
from hindi_stt.bundle.forms import ONNX_RUNTIME, Form, forms_of
from hindi_stt.bundle.schema import (
    BLANK,
    SCHEMA_VERSION,
    WEIGHTS_ROLE,
    AcousticSpec,
    Asset,
    FeatureSpec,
    Identity,
    Manifest,
    OnsetSpec,
    Source,
    WaveformSpec,
)
from hindi_stt.errors import BundleInvalid, InvalidRequest, InvalidSetting
from hindi_stt.types import Float32

__all__ = [
    "BLANK",
    "EMBEDDED",
    "MANIFEST_FILE",
    "REPORT_FILE",
    "SCHEMA_VERSION",
    "WEIGHTS_ROLE",
    "AcousticSpec",
    "Asset",
    "Bundle",
    "FeatureSpec",
    "Identity",
    "Manifest",
    "OnsetSpec",
    "Source",
    "WaveformSpec",
    "sha256_of",
]

# The export's verification report. It is not an asset, so that measuring again does not change the bundle's version.
REPORT_FILE = "verification.json"
# The bundle that comes with this package.
EMBEDDED: Final = Path(__file__).parent.parent / "embedded"


class Bundle:
    """An opened bundle. Use `open` to read one from a folder.

    Args:
        folder: The bundle's folder.
        manifest: The parsed manifest.
        version: 12 hexadecimal digits that identify this exact content.
        form: Runtime and precision that run unless another one is asked for. None: ONNX Runtime with the default one.
        verified: State of each file when its checksum was found to be right; see `check_unchanged`.

    Attributes:
        tokens: The piece of each class, in order of id.
        filterbank: Mel filters, float32 [n_mels, n_fft // 2 + 1]; of a model that takes samples none, [0, 0].
    """

    def __init__(
        self,
        folder: Path,
        manifest: Manifest,
        version: str,
        form: Form | None = None,
        verified: Mapping[str, FileState] = MappingProxyType({}),
    ) -> None:
        self.folder = folder
        self.manifest = manifest
        self.version = version
        self._verified = verified
        self._usual_form = Form(ONNX_RUNTIME, manifest.default_precision)
        self.form = form or self._usual_form
        self.tokens = self._read_tokens()
        self.filterbank = self._read_filterbank()

    @classmethod
    def open(cls, folder: str | Path) -> Bundle:
        """Open a bundle folder and verify the manifest, checksums, tokens and filterbank.

        The ONNX inputs and outputs are checked by `hindi_stt.inference.acoustic` when it loads them.

        Args:
            folder: The bundle's folder.

        Returns:
            The bundle.

        Raises:
            ModelNotFound: There is no manifest in the folder.
            BundleInvalid: The content of the folder differs from the manifest.
        """
        folder = Path(folder)
        manifest, version = read_manifest(folder, Manifest, "model bundle")
        verified = {asset.file: check_asset(folder, asset) for asset in manifest.assets}
        return cls(folder, manifest, version, verified=verified)

    def check_unchanged(self) -> None:
        """Check that the files are those that were verified; for a process that loads them later.

        A file whose size, time and inode are as they were is not read again.

        Raises:
            BundleInvalid: A file is gone, or has another content than the manifest says.
        """
        for asset in self.manifest.assets:
            try:
                same = file_state(self.folder / asset.file) == self._verified.get(asset.file)
            except OSError:
                same = False
            if not same:
                check_asset(self.folder, asset)

    def path(self, role: str, name: str | None = None) -> Path:
        """Return the path of an asset.

        Args:
            role: The asset's role.
            name: The asset's name; None for the first one of the role.

        Returns:
            The path.

        Raises:
            BundleInvalid: The bundle has no such asset.
        """
        for asset in self.manifest.assets:
            if asset.role == role and name in (None, asset.name):
                return self.folder / asset.file
        have = ", ".join(f"{a.role}/{a.name}" for a in self.manifest.assets)
        raise BundleInvalid(f"{self.folder} has no asset {role}/{name or '*'}; it has {have}.")

    def with_precision(self, name: str) -> Bundle:
        """Return this bundle as ONNX Runtime runs it in a precision.

        Args:
            name: A precision of the bundle; empty for the default one.

        Returns:
            The bundle.

        Raises:
            InvalidSetting: The bundle has no such precision.
        """
        name = name or self.manifest.default_precision
        if name not in self.manifest.precisions:
            have = ", ".join(self.manifest.precisions)
            raise InvalidSetting(f"HINDI_STT_PRECISION={name}: the model {self.tag} has {have} only.")
        return Bundle(self.folder, self.manifest, self.version, Form(ONNX_RUNTIME, name), self._verified)

    def with_form(self, form: Form) -> Bundle:
        """Return this bundle in another form.

        Args:
            form: Runtime and precision.

        Returns:
            The bundle.

        Raises:
            InvalidSetting: The bundle has no such form.
        """
        if form.backend == ONNX_RUNTIME:
            return self.with_precision(form.precision)
        if form not in (have_forms := forms_of(self.manifest)):
            have = ", ".join(map(str, have_forms))
            raise InvalidSetting(f"HINDI_STT_BACKEND={form}: the model {self.tag} has {have} only.")
        return Bundle(self.folder, self.manifest, self.version, form, self._verified)

    def copy_with(
        self,
        folder: Path,
        additions: Sequence[tuple[str, str, str, Path]],
        *,
        default_language_model: str = "",
    ) -> Bundle:
        """Copy the bundle into a new folder and add assets.

        Args:
            folder: The new folder, which must not exist.
            additions: Per asset its role, name, file name in the bundle, and the file to copy.
            default_language_model: Of the copy; empty to keep this bundle's.

        Returns:
            The copy.

        Raises:
            InvalidRequest: The folder exists.
            BundleInvalid: A role and name are taken.
        """
        try:
            folder.mkdir(parents=True)
        except FileExistsError as error:
            raise InvalidRequest(f"{folder} exists already.") from error
        for name in (MANIFEST_FILE, *(asset.file for asset in self.manifest.assets)):
            shutil.copyfile(self.folder / name, folder / name)
        added = []
        for role, name, file, source in additions:
            shutil.copyfile(source, folder / file)
            added.append(asset_of(folder / file, role, name))
        model = default_language_model or self.manifest.default_language_model
        assets = (*self.manifest.assets, *added)
        manifest = self.manifest.model_copy(update={"assets": assets, "default_language_model": model})
        write_manifest(manifest, folder)
        return Bundle.open(folder)

    def _read_tokens(self) -> tuple[str, ...]:
        """tokens.txt: one "piece id" a line, blank among them as <blk>; other runtimes read the same form."""
        path = self.path("tokens")
        spec = self.manifest.acoustic
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise BundleInvalid(f"{path} is not UTF-8 text.") from error
        pairs = [line.rsplit(" ", 1) for line in text.split("\n") if line]
        if [pair[-1] for pair in pairs] != [str(i) for i in range(spec.n_classes)]:
            raise BundleInvalid(f"{path} must list the ids 0 to {spec.n_classes - 1} in order, one 'piece id' a line.")
        if pairs[spec.blank_id][0] != BLANK:
            raise BundleInvalid(f"{path} has {pairs[spec.blank_id][0]!r} at blank_id {spec.blank_id}, not {BLANK}.")
        return tuple(pair[0] for pair in pairs)

    def _read_filterbank(self) -> Float32:
        spec = self.manifest.features
        if isinstance(spec, WaveformSpec):
            return np.empty((0, 0), np.float32)
        path = self.path("filterbank")
        expected = (spec.n_mels, spec.n_fft // 2 + 1)
        try:
            bank: Float32 = np.load(path, allow_pickle=False)
        except Exception as error:  # NumPy reads the head as Python text: any error of its parser
            raise BundleInvalid(f"{path} is not a NumPy array file.") from error
        if bank.shape != expected or bank.dtype != np.float32:
            raise BundleInvalid(f"{path} is {bank.dtype} {bank.shape}, expected float32 {expected}.")
        return bank

    @property
    def tag(self) -> str:
        """Name and version, in the form of a BentoML tag."""
        return f"{self.manifest.name}:{self.version}"

    @property
    def label(self) -> str:
        """What answers call the model: the tag, and the form where ONNX Runtime with the default precision is not it.

        Two answers with the same label come from the same numbers: NAME:VERSION, or NAME:VERSION+BACKEND-PRECISION.
        """
        return self.tag if self.form == self._usual_form else f"{self.tag}+{self.form}"
