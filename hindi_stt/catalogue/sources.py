"""Where a model can be had: a name of the catalogue, an id on the hub, or the address of one file."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, cast
from urllib.parse import quote, urlsplit

import httpx

from hindi_stt.catalogue.download import Download, download, is_busy
from hindi_stt.catalogue.entries import Entry, PublishedFile
from hindi_stt.catalogue.layouts import LANGUAGE_MASKS, RELEASE_FOLDER, is_release_file, refuse_transducer
from hindi_stt.catalogue.requests import BRING_IT, hub_token, open_answer, open_client
from hindi_stt.errors import ModelGated, NotAModelFile, SourceUnavailable, UnsupportedModel

__all__ = [
    "TRANSFORMERS_WEIGHTS",
    "Published",
    "fetch_all",
    "find_nemo",
    "is_archive",
    "is_model_file",
    "is_transformers_folder",
    "model_name",
    "published_at",
]

_HUB_ID: Final = re.compile(r"(?P<id>[\w-][\w.-]*/[\w.-]+)(?:@(?P<revision>[\w./-]+))?")
_READY: Final = re.compile(
    r"config\.json|features\.json|vocab\.txt|tokens\.txt|"
    r"(model([._-](fp32|int8))?|(encoder|(ctc[._-])?decoder)([._-]model)?)\.onnx([._]data)?"
)
# Files of a model of transformers: its configuration and tokenizer, and the weights in the order of preference.
_TRANSFORMERS: Final = re.compile(
    r"(config|preprocessor_config|vocab|added_tokens|special_tokens_map|tokenizer_config)\.json"
)
TRANSFORMERS_WEIGHTS: Final = ("model.safetensors", "pytorch_model.bin")
_ARCHIVES: Final = (".tar.bz2", ".tar.gz", ".tgz", ".tar.xz", ".tar")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")


_Kind = Literal["onnx", "nemo", "transformers"]


@dataclass(frozen=True, slots=True)
class Published:
    """A model that can be downloaded.

    Attributes:
        name: Proposal for the bundle's name.
        becomes: "onnx" for ready files, "nemo" for a .nemo file, "transformers" for the files of Wav2Vec2ForCTC.
        addresses: Address of each file, by its name.
        page: Where people read about it and ask for access.
        known: What is known of the files, by name.
        key: Distinguishes this source and revision from others, for the folder of downloads.
        from_hub: Whether the addresses are the hub's, so that its token is sent.
    """

    name: str
    becomes: _Kind
    addresses: Mapping[str, str]
    page: str
    known: Mapping[str, PublishedFile]
    key: str
    from_hub: bool

    @classmethod
    def of_entry(cls, name: str, entry: Entry, hub: str) -> Published:
        """Where a model of the catalogue can be had.

        Args:
            name: Its name in the catalogue.
            entry: The entry.
            hub: Address of the hub.

        Returns:
            The model.

        Raises:
            UnsupportedModel: It cannot be made a bundle.
            SourceUnavailable: The list of a folder's files cannot be had from the hub, or has not the files.
            ModelGated: The hub gives it to accounts with access only.
        """
        if entry.becomes in {"none", "speakers"}:
            raise UnsupportedModel(f"{name} cannot be made a bundle here. {entry.notes}")
        from_hub = entry.source.startswith("hub:")
        repository, revision = entry.source.removeprefix("hub:"), entry.revision
        if entry.folder:
            listed, revision = _hub_files(hub, repository, revision)
            names = _release_files(listed, entry.folder)
            if not names:
                raise SourceUnavailable(f"{repository} has no {entry.folder}/{LANGUAGE_MASKS}: its layout has changed.")
            addresses = _release_addresses(hub, repository, revision, entry.folder, names)
        else:
            if from_hub and not _COMMIT.fullmatch(revision):
                _, revision = _hub_files(hub, repository, revision)
            addresses = {
                file: _hub_address(hub, repository, revision, file) if from_hub else entry.source
                for file in entry.files
            }
        key = f"{entry.source}@{revision}"
        return cls(name, cast("_Kind", entry.becomes), addresses, entry.page, entry.files, key, from_hub)


def published_at(source: str, hub: str) -> Published:
    """Find out what a source that is not in the catalogue offers.

    Args:
        source: OWNER/NAME or OWNER/NAME@REVISION on the hub, or an https address of a .nemo file or of an archive.
        hub: Address of the hub.

    Returns:
        The model.

    Raises:
        SourceUnavailable: It is neither, it cannot be reached, or it has no model of a known layout.
        UnsupportedModel: Its ONNX files are a transducer's.
        ModelGated: The hub gives it to accounts with access only.
    """
    if "://" in source:
        file = Path(urlsplit(source).path).name
        kind: _Kind = "onnx" if is_archive(file) else "nemo"
        if not (is_archive(file) or file.endswith(".nemo")) or not _NAME.fullmatch(file):
            raise SourceUnavailable(
                f"{source} is not the address of a .nemo file or of an archive ({', '.join(_ARCHIVES)}). Of ready ONNX "
                "files download all that belong together into a folder, and name the folder."
            )
        return Published(model_name(file), kind, {file: source}, source, {}, source, from_hub=False)
    match = _HUB_ID.fullmatch(source)
    if match is None:
        raise SourceUnavailable(
            f"{source!r} is neither a name of the catalogue, a folder or .nemo file on this machine, an https address, "
            "nor a model on the hub (OWNER/NAME). 'hindi-stt models list --available' lists the catalogue."
        )
    repository = match["id"]
    names, revision = _hub_files(hub, repository, match["revision"] or "main")
    ready = [name for name in names if _READY.fullmatch(name)]
    nemo = [name for name in names if name.endswith(".nemo") and _NAME.fullmatch(name)]
    becomes: _Kind
    key = f"hub:{repository}@{revision}"
    model, page = repository.partition("/")[2], f"{hub}/{repository}"
    if release := _release_files(names, RELEASE_FOLDER):
        addresses = _release_addresses(hub, repository, revision, RELEASE_FOLDER, release)
        return Published(model, "onnx", addresses, page, {}, key, from_hub=True)
    if any(name.endswith(".onnx") for name in ready):
        refuse_transducer(names, repository)
        files, becomes = ready, "onnx"
    elif len(nemo) == 1:
        files, becomes = nemo, "nemo"
    elif transformers := _transformers_files(names):
        files, becomes = transformers, "transformers"
    else:
        raise SourceUnavailable(
            f"{repository} has {len(nemo)} .nemo files, no model.onnx or encoder.onnx at its top, and no model of "
            f"transformers: no layout that is known here. It has {', '.join(names[:12]) or 'no files'}."
        )
    addresses = {name: _hub_address(hub, repository, revision, name) for name in files}
    return Published(model, becomes, addresses, page, {}, key, from_hub=True)


def _transformers_files(names: Sequence[str]) -> list[str]:
    """Files of a model of transformers for speech, one file of weights among them; none where it is none."""
    weights = [name for name in TRANSFORMERS_WEIGHTS if name in names]
    if not weights or not {"config.json", "preprocessor_config.json"} <= set(names):
        return []
    return [*(name for name in names if _TRANSFORMERS.fullmatch(name)), weights[0]]


def is_transformers_folder(folder: Path) -> bool:
    """Whether a folder has the files of a model of transformers for speech."""
    return bool(_transformers_files([path.name for path in folder.iterdir()]))


def find_nemo(folder: Path) -> Path | None:
    """The .nemo file of a folder.

    Args:
        folder: The folder.

    Returns:
        The file; None where there is none, there are several, or there are ready ONNX files beside it.
    """
    names = [path.name for path in folder.iterdir()]
    nemo = [name for name in names if name.endswith(".nemo")]
    return folder / nemo[0] if len(nemo) == 1 and not any(name.endswith(".onnx") for name in names) else None


def is_archive(name: str) -> bool:
    """Whether a file is an archive of ready ONNX files, by its name."""
    return name.endswith(_ARCHIVES)


def model_name(file: str) -> str:
    """The name of a file without the ending of its kind."""
    return next((file.removesuffix(ending) for ending in (*_ARCHIVES, ".nemo") if file.endswith(ending)), file)


def is_model_file(name: str) -> bool:
    """Whether a file of this name belongs to one of the layouts of ready ONNX files."""
    return _READY.fullmatch(name) is not None


def fetch_all(model: Published, downloads: Path, *, sha256: str = "", again: bool = False) -> Path:
    """Download all files of a model; what is there already is not downloaded again.

    Args:
        model: The model.
        downloads: The folder of downloads.
        sha256: That the file of a model of one file has to have; empty for none.
        again: Whether to download anew what lies at an address, where it may have changed; the files of a commit on
            the hub are always the same.

    Returns:
        The folder with the files.

    Raises:
        ModelError: As `download` does.
        StorageFull: The disk is full.
    """
    folder = downloads / f"{model.name}-{hashlib.sha256(model.key.encode()).hexdigest()[:12]}"
    token = hub_token() if model.from_hub else ""
    with open_client() as client:
        for name, address in model.addresses.items():
            known = model.known.get(name, PublishedFile())
            file = Download(address, folder, name, model.page, token, sha256 or known.sha256, known.bytes)
            if again and not model.from_hub:
                file.target.unlink(missing_ok=True)
            download(file, client)
    return folder


def _release_files(names: Sequence[str], folder: str) -> list[str]:
    """Of a repository's files, those that a release for several languages in this folder needs, without the folder."""
    inside = [name.removeprefix(f"{folder}/") for name in names if name.startswith(f"{folder}/")]
    return [name for name in inside if is_release_file(name)] if LANGUAGE_MASKS in inside else []


def _release_addresses(hub: str, repository: str, revision: str, folder: str, names: Sequence[str]) -> dict[str, str]:
    return {name: _hub_address(hub, repository, revision, f"{folder}/{name}") for name in names}


def _hub_address(hub: str, repository: str, revision: str, file: str) -> str:
    return f"{hub}/{repository}/resolve/{quote(revision, safe='')}/{quote(file)}"


def _hub_files(hub: str, repository: str, revision: str) -> tuple[Sequence[str], str]:
    """Names of the files of a repository, and the commit that a revision is now; raises what `published_at` does."""
    # Files are downloaded of that commit: of a branch that moves in the middle, they would be those of two models.
    token = hub_token()
    address = f"{hub}/api/models/{repository}/revision/{quote(revision, safe='')}"
    try:
        # A repository that was renamed redirects to its new name.
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        with open_client() as client, open_answer(client, address, headers) as (answer, _):
            answer.read()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise SourceUnavailable(f"{hub} cannot be reached: {error or type(error).__name__}. {BRING_IT}") from error
    # The hub says 401 for a model that does not exist, too, so that nobody learns of private ones.
    if answer.status_code in {401, 403}:
        raise ModelGated(
            f"{hub} refuses {repository} ({answer.status_code}): there is no such model, or it needs access. "
            f"Ask for it at {hub}/{repository}."
        )
    if is_busy(answer.status_code):
        raise SourceUnavailable(
            f"{hub} is overloaded: it answers with status {answer.status_code}. Run the command again later."
        )
    if answer.status_code != 200:
        raise SourceUnavailable(f"{hub} has no {repository}@{revision}: it answers with status {answer.status_code}.")
    try:
        content = answer.json()
        names = sorted(str(file["rfilename"]) for file in content["siblings"])
    except (ValueError, KeyError, TypeError) as error:
        raise NotAModelFile(f"{address} is not a list of files: {hub} is not a hub like Hugging Face's.") from error
    commit = str(content.get("sha", ""))
    return names, commit if _COMMIT.fullmatch(commit) else revision
