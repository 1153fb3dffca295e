"""The immutable artefact: network, tokenizer and everything known about them in one zip file.

A bundle is made once, in memory, and never changed; its number in the database and its sha256 are its identity. One
from outside is read with suspicion: members, sizes and checksums are verified before anything is parsed. Since format 3
the weights are plain arrays, to which format 4 adds the wide part's; before, they lie in the ONNX graph alone
(`model.bundle_weights`). What a
bundle knows of familiar texts (`model.familiarity`) stands in `metadata.json`, whose readers ignore what they do not
know: programs from before it read the bundle as well.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from newsgate.foundation.atomic_file import whole_file
from newsgate.foundation.errors import NewsgateError
from newsgate.model.metadata import FIRST_WITH_WEIGHTS, FORMAT_VERSION, OLDER_FORMAT_VERSIONS, BundleMetadata
from newsgate.model.tokenizer import Tokenizer

KERAS_MEMBER: Final = "model.keras"
ONNX_MEMBER: Final = "model.onnx"
WEIGHTS_MEMBER: Final = "weights.npz"
TOKENIZER_MEMBER: Final = "tokenizer.json"
METADATA_MEMBER: Final = "metadata.json"

FAMILIARITY_KEY: Final = "familiarity"

_MEBIBYTE: Final = 1024 * 1024
MEMBER_LIMITS_BYTES: Final = {
    KERAS_MEMBER: 256 * _MEBIBYTE,
    ONNX_MEMBER: 256 * _MEBIBYTE,
    WEIGHTS_MEMBER: 256 * _MEBIBYTE,
    TOKENIZER_MEMBER: 16 * _MEBIBYTE,
    METADATA_MEMBER: 1 * _MEBIBYTE,
}
TOTAL_LIMIT_BYTES: Final = 384 * _MEBIBYTE

# Their floats deflate by a tenth at most, and inflating them took longer than anything else at opening a bundle.
_STORED_MEMBERS: Final = (KERAS_MEMBER, ONNX_MEMBER, WEIGHTS_MEMBER)
# Zip cannot say "no time"; its first day keeps equal contents equal bytes.
_MEMBER_TIME: Final = (1980, 1, 1, 0, 0, 0)


class BundleError(NewsgateError):
    """The bytes are not a bundle this program can trust and read."""


class NewerBundleError(BundleError):
    """The bundle was made by a newer newsgate, in a format that this one does not read."""


@dataclass(frozen=True)
class Bundle:
    """A verified bundle. keras_model, onnx_model and weights_npz are the same weights, as files of those three formats.

    weights_npz: None in a bundle of an older format. familiarity: as
    `model.familiarity` reads it, None where nobody recorded it.
    """

    keras_model: bytes
    onnx_model: bytes
    weights_npz: bytes | None
    tokenizer: Tokenizer
    metadata: BundleMetadata
    familiarity: Mapping[str, Any] | None = None


def make_bundle(
    *,
    keras_model: bytes,
    onnx_model: bytes,
    weights_npz: bytes,
    tokenizer: Tokenizer,
    metadata: BundleMetadata,
    familiarity: Mapping[str, Any] | None = None,
) -> bytes:
    """Return a bundle as bytes; the members' checksums are put into its metadata here.

    weights_npz: as `model.bundle_weights.weights_to_npz` makes it.
    """
    members = {
        KERAS_MEMBER: keras_model,
        ONNX_MEMBER: onnx_model,
        WEIGHTS_MEMBER: weights_npz,
        TOKENIZER_MEMBER: tokenizer.to_json().encode(),
    }
    complete = replace(metadata, members_sha256={name: _sha256(content) for name, content in members.items()})
    document = complete.as_dict()
    if familiarity is not None:
        # Here and not in the metadata itself, which the database keeps beside the bundle: it is a hundred kilobytes.
        document[FAMILIARITY_KEY] = familiarity
    members[METADATA_MEMBER] = json.dumps(document, indent=2, sort_keys=True).encode()

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compresslevel=9) as archive:
        for name, content in members.items():
            method = zipfile.ZIP_STORED if name in _STORED_MEMBERS else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(name, _MEMBER_TIME), content, method)
    return buffer.getvalue()


def bundle_sha256(data: bytes) -> str:
    """Return the identity of a bundle: the sha256 of its bytes, in hexadecimal."""
    return _sha256(data)


def read_bundle(data: bytes) -> Bundle:
    """Return the bundle in `data`, or raise BundleError with the reason it cannot be trusted."""
    members = _read_members(data)
    metadata = _read_metadata(members[METADATA_MEMBER])
    _check_checksums(members, metadata)
    return Bundle(
        keras_model=members[KERAS_MEMBER],
        onnx_model=members[ONNX_MEMBER],
        weights_npz=members.get(WEIGHTS_MEMBER),
        tokenizer=_read_tokenizer(members[TOKENIZER_MEMBER]),
        metadata=metadata,
        familiarity=json.loads(members[METADATA_MEMBER]).get(FAMILIARITY_KEY),
    )


def write_bundle(path: Path, bundle_bytes: bytes) -> None:
    """Write a bundle so that `path` holds either what it held before or all of it, even after a power cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as file:
        file.write(bundle_bytes)


def _read_members(data: bytes) -> dict[str, bytes]:
    if len(data) > TOTAL_LIMIT_BYTES:
        raise _untrusted(f"the file has {len(data)} bytes, more than {TOTAL_LIMIT_BYTES}")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_sizes(archive.infolist())
            _check_names(archive.namelist(), version=_read_version(archive))
            return {entry.filename: _inflate(archive, entry) for entry in archive.infolist()}
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        raise _untrusted(f"not a readable zip file ({error})") from error


def _check_sizes(entries: list[zipfile.ZipInfo]) -> None:
    """Refuse methods and sizes by the zip's directory alone, before a byte is inflated."""
    for entry in entries:
        # Of the others, zipfile inflates a whole block at once: seven hundred bytes make eight hundred megabytes.
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _untrusted(f"{entry.filename} is compressed by method {entry.compress_type}, not deflated")
        if entry.file_size > MEMBER_LIMITS_BYTES.get(entry.filename, TOTAL_LIMIT_BYTES):
            raise _untrusted(f"{entry.filename} would be {entry.file_size} bytes, more than allowed")
    if sum(entry.file_size for entry in entries) > TOTAL_LIMIT_BYTES:
        raise _untrusted(f"its members would be more than {TOTAL_LIMIT_BYTES} bytes")


def _read_version(archive: zipfile.ZipFile) -> int:
    """Return the bundle's format, refusing one that is not read here: a later one may well have other members."""
    if METADATA_MEMBER not in archive.namelist():
        return FORMAT_VERSION
    content = _inflate(archive, archive.getinfo(METADATA_MEMBER))
    try:
        version = json.loads(content)["format_version"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _untrusted(f"{METADATA_MEMBER} is not a bundle's metadata ({error!r})") from error
    if version not in (*OLDER_FORMAT_VERSIONS, FORMAT_VERSION):
        if type(version) is int and version > FORMAT_VERSION:
            raise NewerBundleError(
                f"the bundle has format {version}, this program reads {OLDER_FORMAT_VERSIONS[0]} to {FORMAT_VERSION}",
                remedy="Upgrade newsgate, or train the model again with this version",
            )
        raise BundleError(
            f"the bundle has format {version}, this program reads {OLDER_FORMAT_VERSIONS[0]} to {FORMAT_VERSION}",
            remedy="Upgrade newsgate, or train the model again with this version",
        )
    return int(version)


def _check_names(names: list[str], *, version: int) -> None:
    expected = [name for name in MEMBER_LIMITS_BYTES if name != WEIGHTS_MEMBER or version >= FIRST_WITH_WEIGHTS]
    if sorted(names) != sorted(expected):
        raise _untrusted(f"its members are {', '.join(sorted(names)[:8]) or 'none'}, not {', '.join(expected)}")


def _inflate(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """Return a member, inflating no more than its declared size: `archive.read` would inflate all there is first."""
    with archive.open(entry) as member:
        return member.read(entry.file_size)


def _read_metadata(content: bytes) -> BundleMetadata:
    try:
        return BundleMetadata.from_dict(json.loads(content))
    except (ValueError, OverflowError, KeyError, TypeError) as error:
        raise _untrusted(f"{METADATA_MEMBER} is not a bundle's metadata ({error})") from error


def _check_checksums(members: dict[str, bytes], metadata: BundleMetadata) -> None:
    for name, content in members.items():
        if name != METADATA_MEMBER and metadata.members_sha256.get(name) != _sha256(content):
            raise _untrusted(f"{name} is not what the bundle's metadata says it is")


def _read_tokenizer(content: bytes) -> Tokenizer:
    try:
        return Tokenizer.from_json(content.decode())
    except (ValueError, RecursionError) as error:
        raise _untrusted(f"{TOKENIZER_MEMBER} is not a tokenizer ({error})") from error


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _untrusted(reason: str) -> BundleError:
    return BundleError(
        f"not a newsgate model bundle: {reason}", remedy="Fetch the file again, or train the model again"
    )
