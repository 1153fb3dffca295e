"""The weights of a bundle: `weights.npz`, plain arrays that any program with NumPy opens.

Nine are the LSTM's in Keras' layout, and four more the wide part's, where there is one.

The file may come from outside. It is a zip whose members are stored, so nothing in it is larger than its own bytes, and
type and shape of an array are compared with these before NumPy makes one.
"""

from __future__ import annotations

import io
import math
import zipfile
from tokenize import TokenError
from typing import Final

import numpy as np

from newsgate.model.bundle import Bundle, BundleError
from newsgate.model.weights import Float32, Weights

_NAMES: Final = (
    "embedding",
    "forward_kernel",
    "forward_recurrent_kernel",
    "forward_bias",
    "backward_kernel",
    "backward_recurrent_kernel",
    "backward_bias",
    "output_kernel",
    "output_bias",
)
_WIDE_NAMES: Final = ("wide_evidence", "wide_squares", "wide_scale", "wide_small")
_SUFFIX: Final = ".npy"
_FLOAT32: Final = np.dtype("<f4")
# What NumPy writes has 128; the text in it is parsed as Python's literals are.
_MOST_HEADER_BYTES: Final = 256


# What zipfile and NumPy raise about bytes that are not theirs.
_NOT_AS_WRITTEN: Final = (
    zipfile.BadZipFile,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RuntimeError,
    SyntaxError,
    TokenError,
    TypeError,
    ValueError,
)


def weights_of(bundle: Bundle) -> Weights:
    """Return the network of a bundle of any format. Raises BundleError where it is not one."""
    if bundle.weights_npz is not None:
        return weights_from_npz(bundle.weights_npz)
    # A worker whose models are all of today's format needs no protobuf.
    from newsgate.model.onnx_weights import weights_from_onnx

    return weights_from_onnx(bundle.onnx_model)


def weights_to_npz(weights: Weights) -> bytes:
    """Return the weights as the file that `weights_from_npz` reads; the same weights give the same bytes."""
    buffer = io.BytesIO()
    plain = {name: np.ascontiguousarray(array, _FLOAT32) for name, array in weights.arrays().items()}
    np.savez(buffer, allow_pickle=False, **plain)
    return buffer.getvalue()


def weights_from_npz(content: bytes) -> Weights:
    """Return the weights in a file of `weights_to_npz`.

    Raises BundleError where it is not one: other names, types or shapes, compressed, truncated, or no finite numbers.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = _check_directory(archive.infolist(), size=len(content))
            arrays = {name: _read_array(name, archive.read(name + _SUFFIX)) for name in names}
    except _NOT_AS_WRITTEN as error:
        raise _unreadable(str(error)) from error
    weights = Weights.of_arrays(arrays)
    if fault := weights.fault():
        raise _unreadable(fault)
    return weights


def _check_directory(entries: list[zipfile.ZipInfo], *, size: int) -> tuple[str, ...]:
    """Return the arrays' names; refuse other members, and those that are larger than the file they are in."""
    found = sorted(entry.filename for entry in entries)
    names = next((each for each in (_NAMES, _NAMES + _WIDE_NAMES) if sorted(n + _SUFFIX for n in each) == found), None)
    if names is None:
        raise _unreadable(f"its arrays are not {', '.join(_NAMES)}, or these and {', '.join(_WIDE_NAMES)}")
    if any(entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size for entry in entries):
        raise _unreadable("its arrays are compressed")
    if sum(entry.file_size for entry in entries) > size:
        raise _unreadable("its arrays lie within each other")
    return names


def _read_array(name: str, content: bytes) -> Float32:
    file = io.BytesIO(content)
    if np.lib.format.read_magic(file) != (1, 0):
        raise _unreadable(f"{name} is not of the first version of NumPy's format")
    shape, columns_first, dtype = np.lib.format.read_array_header_1_0(file, max_header_size=_MOST_HEADER_BYTES)
    # Python's integers do not overflow: no product of dimensions can pass for a smaller one.
    whole = min(shape, default=0) > 0 and _FLOAT32.itemsize * math.prod(shape) == len(content) - file.tell()
    if dtype != _FLOAT32 or columns_first or not whole:
        raise _unreadable(f"{name} is not an array of float32 with its numbers beside it")
    file.seek(0)
    array = np.load(file, allow_pickle=False).astype(np.float32, copy=False)
    # Columns first in memory, as kernels are when they come out of an ONNX graph: the last bit of a product may depend
    # on it, and a model's scores must not depend on its bundle's format.
    return np.asfortranarray(array) if name.endswith("kernel") else array


def _unreadable(reason: str) -> BundleError:
    return BundleError(f"cannot read the bundle's weights: {reason}", remedy="Train the model again with this version")
