"""The ways to run a bundle's network, behind one protocol."""

from __future__ import annotations

from typing import Final, Protocol, get_args

import numpy as np

from newsgate.model.batching import in_rectangles
from newsgate.model.bundle import Bundle, BundleError
from newsgate.model.bundle_weights import weights_of
from newsgate.model.native.library import native_library
from newsgate.model.numpy_runtime import NumpyRuntime
from newsgate.model.runtime_choice import choose_runtime
from newsgate.model.runtime_names import (
    RuntimeName,
    RuntimeUnavailableError,
    int8_is_missing,
    keras_is_missing,
    native_is_missing,
)
from newsgate.model.tensorflow_loading import load_tensorflow
from newsgate.model.tokens import Tokens
from newsgate.model.weights import Float32, Int32, Weights
from newsgate.model.wide import WideAndDeep, WidePart

# Its fastest: longer ones leave more padding, shorter ones use less of the processor's vectors.
_ONNX_BATCH_ROWS: Final = 32


class Runtime(Protocol):
    """Runs a network; safe to share between threads."""

    def logits(self, tokens: Tokens) -> Float32:
        """Return the logits of P(fake), float32 [texts]."""
        ...


class OnnxRuntime:
    """The ONNX graph on one thread a call: what any other program would run."""

    def __init__(self, onnx_model: bytes) -> None:
        # A worker has no use for it unless it was asked for.
        import onnxruntime

        options = onnxruntime.SessionOptions()
        # Many callers run at once, each on its own core: threads inside a call would only contend with them.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(onnx_model, options, providers=["CPUExecutionProvider"])
        # onnxruntime raises a dozen unrelated classes, and a broken graph may raise any of them.
        except Exception as error:
            raise BundleError(
                f"onnxruntime {onnxruntime.__version__} cannot load the bundle's ONNX graph ({error})",
                remedy="Upgrade onnxruntime, or train the model again",
            ) from error

    def logits(self, tokens: Tokens) -> Float32:
        """Return the logits of P(fake), float32 [texts]."""
        return in_rectangles(self.padded_logits, tokens, batch_rows=_ONNX_BATCH_ROWS)

    def padded_logits(self, ids: Int32, lengths: Int32) -> Float32:
        """Return the logits, float32 [batch], of `ids` [batch, tokens] padded to the right of `lengths`."""
        (result,) = self._session.run(["logits"], {"ids": ids, "lengths": lengths})
        return np.asarray(result, dtype=np.float32)


class KerasRuntime:
    """`model.keras` itself on TensorFlow: slower, and the reference the others are held against."""

    def __init__(self, keras_model: bytes) -> None:
        try:
            load_tensorflow()
            from newsgate.model.network import compile_predictor, network_from_bytes
        except ImportError as error:
            raise keras_is_missing(error.name) from error
        self._predict = compile_predictor(network_from_bytes(keras_model))

    def logits(self, tokens: Tokens) -> Float32:
        """Return the logits of P(fake), float32 [texts]; padding is id 0, so the lengths say nothing new."""
        return in_rectangles(lambda ids, _lengths: self._predict(ids), tokens)


def open_runtime(bundle: Bundle, *, runtime: RuntimeName) -> Runtime:
    """Return the named runtime with the bundle's network loaded. Raises RuntimeUnavailableError."""
    runtime = choose_runtime(runtime, bundle.metadata.quantisation).name
    if runtime == "native-int8":
        return _open_int8(weights_of(bundle))
    if runtime == "native":
        return _open_native(weights_of(bundle))
    if runtime == "numpy":
        return numpy_network(weights_of(bundle))
    if runtime == "onnx":
        return OnnxRuntime(bundle.onnx_model)
    if runtime == "keras":
        return with_wide(KerasRuntime(bundle.keras_model), weights_of(bundle))
    raise RuntimeUnavailableError(
        f"there is no runtime {runtime!r}", remedy=f"Use {', '.join(get_args(RuntimeName)[:-1])} or keras"
    )


def compiled_runtimes(weights: Weights) -> list[Runtime]:
    """Return the network in C, in float32, for each instruction set that this processor has; none without a library."""
    from newsgate.model.native.runtime import NativeRuntime

    library = native_library()
    if library is None:
        return []
    return [with_wide(NativeRuntime(library, weights, variant=each), weights) for each in library.variants]


def native_network(weights: Weights) -> Runtime | None:
    """Return the network in C, in float32, by the best instructions that there are; None without a library."""
    from newsgate.model.native.runtime import NativeRuntime

    library = native_library()
    return None if library is None else with_wide(NativeRuntime(library, weights), weights)


def int8_network(weights: Weights) -> Runtime | None:
    """Return the network in C with whole numbers; None where nothing here can compute it so."""
    from newsgate.model.native.int8_runtime import Int8Runtime, int8_variants

    library = native_library()
    if library is None or not int8_variants(library, weights):
        return None
    return with_wide(Int8Runtime(library, weights), weights)


def numpy_network(weights: Weights) -> Runtime:
    """Return the network in NumPy, all of it: what runs everywhere."""
    return with_wide(NumpyRuntime(weights), weights, compiled=False)


def with_wide(deep: Runtime, weights: Weights, *, compiled: bool = True) -> Runtime:
    """Return a runtime of the LSTM with the wide part of `weights` added, as it is where there is none."""
    return deep if weights.wide is None else WideAndDeep(deep, WidePart(weights.wide, compiled=compiled))


def _open_int8(weights: Weights) -> Runtime:
    network = int8_network(weights)
    if network is None:
        raise native_is_missing() if native_library() is None else int8_is_missing()
    return network


def _open_native(weights: Weights) -> Runtime:
    network = native_network(weights)
    if network is None:
        raise native_is_missing()
    return network
