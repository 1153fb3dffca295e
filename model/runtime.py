"""The three ways to run a bundle's network, behind one protocol."""

from __future__ import annotations

from typing import Literal, Protocol

import numpy as np

from model.bundle import Bundle, BundleError
from model.numpy_runtime import NumpyRuntime
from model.onnx_weights import weights_from_onnx
from model.weights import Float32, Int32
from newsgate.errors import NewsgateError

RuntimeName = Literal["numpy", "onnx", "keras"]


class RuntimeUnavailableError(NewsgateError):
    """The runtime asked for is not installed here."""


class Runtime(Protocol):
    """Runs a network; safe to share between threads."""

    def logits(self, ids: Int32, lengths: Int32) -> Float32:
        """Return the logits of P(fake), float32 [batch], of `ids` [batch, tokens] padded to the right of `lengths`."""
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

    def logits(self, ids: Int32, lengths: Int32) -> Float32:
        """Return the logits of P(fake), float32 [batch]."""
        (result,) = self._session.run(["logits"], {"ids": ids, "lengths": lengths})
        return np.asarray(result, dtype=np.float32)


class KerasRuntime:
    """`model.keras` itself on TensorFlow: slower, and the reference the others are held against."""

    def __init__(self, keras_model: bytes) -> None:
        try:
            from model.network import compile_predictor, network_from_bytes
        except ImportError as error:
            raise RuntimeUnavailableError(
                f"the keras runtime needs TensorFlow, which is not installed ({error.name})",
                remedy="Run: pip install 'newsgate[training]', or set NEWSGATE_RUNTIME=numpy",
            ) from error
        self._predict = compile_predictor(network_from_bytes(keras_model))

    def logits(self, ids: Int32, lengths: Int32) -> Float32:
        """Return the logits of P(fake), float32 [batch]; padding is id 0, so the lengths say nothing new."""
        return self._predict(ids)


def open_runtime(bundle: Bundle, *, runtime: RuntimeName) -> Runtime:
    """Return the named runtime with the bundle's network loaded."""
    if runtime == "numpy":
        return NumpyRuntime(weights_from_onnx(bundle.onnx_model))
    if runtime == "onnx":
        return OnnxRuntime(bundle.onnx_model)
    if runtime == "keras":
        return KerasRuntime(bundle.keras_model)
    raise RuntimeUnavailableError(f"there is no runtime {runtime!r}", remedy="Use numpy, onnx or keras")
