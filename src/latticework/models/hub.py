"""From what a user names to a folder: local folders as they are, hub ids through the cache of huggingface_hub."""

from __future__ import annotations

import re
from pathlib import Path

from latticework.errors import ModelError

_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
# No code of a repository is downloaded: none is run.
_FILES = ("*.json", "*.safetensors", "*.jinja", "merges.txt", "tokenizer.model")


def looks_like_id(name: str) -> bool:
    """Whether ``name`` has the form ``owner/name``."""
    return _ID.fullmatch(name) is not None


def checkpoint_folder(name: str | Path, revision: str | None = None) -> Path:
    """The folder of a checkpoint; a hub id is looked up in the cache and downloaded where it is not there.

    Raises:
        ModelError: there is no such folder, and ``name`` is no id of the hub or cannot be had (no network, no such
            repository, no access).
    """
    folder = Path(name)
    if folder.is_dir():
        return folder
    if not looks_like_id(str(name)):
        raise ModelError(
            f'no model {str(name)!r}: it is not "embedded", no folder {folder.absolute()}, and no id of the hub '
            "(OWNER/NAME)"
        )
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError

    identity = str(name)
    try:
        return Path(snapshot_download(identity, revision=revision, allow_patterns=list(_FILES)))
    except GatedRepoError as error:
        raise ModelError(
            f"{identity} takes an account with access: accept its terms on its page, then log in with hf auth login"
        ) from error
    except RepositoryNotFoundError as error:
        raise ModelError(
            f"the hub has no model {identity!r}, or not for you; there is no folder of this name either"
        ) from error
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        raise ModelError(
            f"{identity} is not in the local cache and cannot be downloaded (no network, or offline mode). Where there "
            f"is one, run: hf download {identity} --local-dir FOLDER; then load(FOLDER)"
        ) from error
