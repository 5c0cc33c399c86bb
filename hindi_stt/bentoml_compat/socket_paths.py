"""The bound on the paths of Unix sockets, checked before BentoML meets it.

What: asks BentoML's constant, and knows the form of the paths. Why: BentoML asserts the bound without giving a reason,
when the server starts.
"""

from __future__ import annotations

import os
import tempfile

from hindi_stt.errors import InvalidSetting

__all__ = ["check_socket_paths"]


def check_socket_paths() -> None:
    """Check that BentoML can make its Unix sockets below the folder for temporary files.

    Raises:
        InvalidSetting: The folder has too long a name.
    """
    if "BENTOML_NO_UDS" in os.environ:
        return
    from _bentoml_impl.server.serving import MAX_AF_UNIX_PATH_LENGTH

    folder = tempfile.gettempdir()
    # A folder by mkdtemp, whose name ends in eight random letters; in it a file named by an object's address.
    below = len("/bentoml-uds-12345678/") + len(f"{id(folder)}.sock")
    longest = MAX_AF_UNIX_PATH_LENGTH - 1 - below
    if len(folder) > longest:
        raise InvalidSetting(
            f"TMPDIR={folder!r} has {len(folder)} letters, so that paths of Unix sockets in it would be longer "
            f"than the system allows: set TMPDIR to a folder of at most {longest} letters, /tmp for instance."
        )
