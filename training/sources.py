"""Openly licensed Hindi text out of Debian packages, unpacked into the work folder and never installed or committed.

package                     licence                     what is read
hunspell-hi                 GPL-2+/LGPL-2.1+/MPL-1.1    words
aspell-hi                   GPL-2                       words
apertium-hin                GPL-3+                      words with gender and inflection
dict-freedict-eng-hin       GPL-2+/GPL-3+               words and short phrases
libreoffice-help-hi         MPL-2.0                     sentences
libreoffice-l10n-hi         MPL-2.0                     sentences
gettext catalogues          each its program's licence  sentences (the packages are listed in CATALOGUES)
"""

import gettext
import gzip
import html
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from .alphabet import fragments, is_word, normalise

WORD_PACKAGES = ("hunspell-hi", "aspell-hi", "apertium-hin", "dict-freedict-eng-hin")
HELP_PACKAGES = ("libreoffice-help-hi", "libreoffice-l10n-hi")
CATALOGUES = (
    "iso-codes", "libglib2.0-data", "libgtk-3-common", "gnome-control-center-data", "nautilus-data",
    "evolution-common", "evolution-data-server-common", "gimp-data", "totem-common", "epiphany-browser-data",
    "gedit-common", "evince-common", "kgeography-data", "tuxpaint-data", "vlc-l10n", "dolphin", "kmail",
    "korganizer", "okular", "konqueror", "plasma-workspace", "kio", "digikam-data", "pidgin-data", "rhythmbox-data",
    "orca", "brasero-common",
)  # fmt: skip


def unpack(folder: Path) -> Path:
    """Downloads every package once and unpacks it under `folder`/root."""
    root, cache = folder / "root", folder / "debs"
    cache.mkdir(parents=True, exist_ok=True)
    for package in (*WORD_PACKAGES, *HELP_PACKAGES, *CATALOGUES):
        if not list(cache.glob(f"{package}_*.deb")):
            subprocess.run(["apt-get", "download", "-qq", package], cwd=cache, check=True)
    for archive in sorted(cache.glob("*.deb")):
        subprocess.run(["dpkg", "-x", str(archive), str(root)], check=True)
    return root


def hunspell_words(root: Path) -> Iterator[str]:
    for line in (root / "usr/share/hunspell/hi_IN.dic").read_text(encoding="utf-8").splitlines()[1:]:
        yield line.split("/")[0]


def aspell_words(root: Path) -> Iterator[str]:
    """Undoes aspell's prefix compression: a byte of shared length, then the rest of the word."""
    data, word, at = gzip.decompress((root / "usr/share/aspell/hi.cwl.gz").read_bytes()), b"", 0
    if data[0] == 2:  # the newer form: shared length counted in bytes, ended by a byte below 31
        at = 1
    while at < len(data):
        shared = data[at] - (0 if data[0] == 2 else 1)
        at += 1
        start = at
        while at < len(data) and data[at] > 31:
            at += 1
        word = word[:shared] + data[start:at]
        yield word.decode("utf-8", "ignore").split("/")[0]


def dictionary_phrases(root: Path) -> Iterator[str]:
    text = gzip.decompress((root / "usr/share/dictd/freedict-eng-hin.dict.dz").read_bytes()).decode("utf-8", "ignore")
    for line in text.splitlines():
        if re.match(r"\d+\. ", line):
            meanings = re.sub(r"\{([^}]*)\}|\[[^\]]*\]", "", line[3:].replace("~", " "))
            yield from (part for chunk in meanings.split(",") for part in fragments(chunk, 1, 12))


class Apertium:
    """The monolingual dictionary: every surface form, and lemmas by part of speech and gender."""

    def __init__(self, root: Path):
        text = (root / "usr/share/apertium/apertium-hin/apertium-hin.hin.dix").read_text(encoding="utf-8")
        endings: dict[str, set[str]] = {}
        for name, body in re.findall(r'<pardef n="([^"]*)">(.*?)</pardef>', text, re.DOTALL):
            endings[name] = {
                left.replace("<b/>", " ") for left in re.findall(r"<l>(.*?)</l>", body) if "<par" not in left
            }
        self.forms: list[str] = []
        self.nouns: list[tuple[str, bool]] = []
        self.adjectives: list[str] = []
        for key, root_form, paradigm in re.findall(r'<e lm="([^"]*)"[^>]*><i>(.*?)</i><par n="([^"]*)"/></e>', text):
            lemma = normalise(key.replace("-", " "))
            stem = root_form.replace("<b/>", " ").replace("-", " ")
            self.forms += [normalise(stem + ending) for ending in sorted(endings.get(paradigm, {""}))]
            clean = all(is_word(part) for part in lemma.split())
            if clean and len(lemma.split()) <= 2:
                if paradigm.endswith(("__n_m", "__n_f")):
                    self.nouns.append((lemma, paradigm.endswith("f")))
                elif paradigm == "गलत__adj":
                    self.adjectives.append(lemma)


def help_sentences(root: Path) -> Iterator[str]:
    for page in sorted((root / "usr/share/libreoffice/help/hi/text").rglob("*.html")):
        for paragraph in re.findall(
            r'<(?:p|h\d)[^>]*dir="auto"[^>]*>(.*?)</(?:p|h\d)>', page.read_text(encoding="utf-8"), re.DOTALL
        ):
            yield from fragments(html.unescape(re.sub(r"<[^>]+>", "", paragraph)), 3)


def catalogue_sentences(root: Path) -> Iterator[str]:
    for path in sorted(root.rglob("*.mo")):
        if "/hi/" not in str(path):
            continue
        try:
            with path.open("rb") as file:
                messages = gettext.GNUTranslations(file)._catalog  # noqa: SLF001 -- the only way to list them
        except (OSError, UnicodeDecodeError, ValueError):
            continue
        for key, text in messages.items():
            if key and isinstance(text, str):
                bare = re.sub(r"\(_?[A-Za-z]\)|[_&](?=\S)|%\S+|\$\S+", " ", html.unescape(text))
                yield from fragments(re.sub(r"<[^>]+>", " ", bare))
