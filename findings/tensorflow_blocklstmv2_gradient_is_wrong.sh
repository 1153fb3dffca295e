#!/usr/bin/env bash
# The gradient that TensorFlow registers for its fused LSTM, BlockLSTMV2, is that of another order of the gates.
#
# One would expect: the gradient of tf.raw_ops.BlockLSTMV2, the fused LSTM for processors, is the slope of its output;
# TensorFlow would refuse to differentiate an operator whose gradient it has not got.
# Instead: V2 keeps its gates in the order i, f, c, o where the first version has i, c, f, o, and the registered
# gradient of both calls the kernel of the first version. A tape returns it without a word: for the kernel, the
# recurrent kernel, the bias and the inputs it is wrong by as much as its own size. A network that is trained through V2
# still learns something, because the layer after the LSTM gets a right gradient, so nobody is told.
# What to do: tf.raw_ops.BlockLSTM, whose gradient is right, with the gates in its order (and forget_bias=0,
# cell_clip=-1), or tf.custom_gradient around V2 that calls tf.raw_ops.BlockLSTMGradV2, which is right too.
#
# Versions: tensorflow-cpu 2.21.0, numpy 2.4.6, python 3.11.
# Seen on 2026-11-29 (largest difference from the slope measured in float32):
#   BlockLSTM, registered gradient:   kernel 0.000, inputs 0.000 (slopes up to 0.6)
#   BlockLSTMV2, registered gradient: kernel 0.522, inputs 0.263 (slopes up to 0.6)
#   BlockLSTMV2 with BlockLSTMGradV2: kernel 0.000, inputs 0.000 (slopes up to 0.6)
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile tensorflow-cpu==2.21.0 numpy==2.4.6
TF_CPP_MIN_LOG_LEVEL=3 "$room/venv/bin/python" - <<'EOF'
import sys
import numpy as np
import tensorflow as tf

STEPS, ROWS, WIDTH, UNITS = 5, 3, 4, 2
random = np.random.default_rng(0)
inputs = tf.constant(random.normal(size=(STEPS, ROWS, WIDTH)).astype(np.float32))
kernel = tf.constant(0.5 * random.normal(size=(WIDTH + UNITS, 4 * UNITS)).astype(np.float32))
none, peephole = tf.zeros([ROWS, UNITS]), tf.zeros([UNITS])
common = dict(seq_len_max=tf.constant(STEPS, tf.int64), cs_prev=none, h_prev=none, wci=peephole, wcf=peephole,
              wco=peephole, b=tf.constant(0.3 * random.normal(size=4 * UNITS).astype(np.float32)), use_peephole=False)


def first(kernel, inputs):
    return tf.raw_ops.BlockLSTM(x=inputs, w=kernel, forget_bias=0.0, cell_clip=-1.0, **common).h


def second(kernel, inputs):
    return tf.raw_ops.BlockLSTMV2(x=inputs, w=kernel, cell_clip=0.0, **common).h


@tf.custom_gradient
def mended(kernel, inputs):
    out = tf.raw_ops.BlockLSTMV2(x=inputs, w=kernel, cell_clip=0.0, **common)

    def gradient(of_output):
        slopes = tf.raw_ops.BlockLSTMGradV2(x=inputs, w=kernel, i=out.i, cs=out.cs, f=out.f, o=out.o, ci=out.ci,
                                            co=out.co, h=out.h, cs_grad=tf.zeros_like(out.cs), h_grad=of_output,
                                            **common)
        return slopes.w_grad, slopes.x_grad

    return out.h, gradient


def errors(name, layer):
    told, measured = tf.test.compute_gradient(lambda *of: tf.reduce_sum(layer(*of) ** 2), [kernel, inputs], delta=1e-2)
    worst = [float(np.abs(a - b).max()) for a, b in zip(told, measured)]
    print(f"{name:33} kernel {worst[0]:.3f}, inputs {worst[1]:.3f} (slopes up to {np.abs(measured[0]).max():.1f})")
    return max(worst)


right = errors("BlockLSTM, registered gradient:", first)
wrong = errors("BlockLSTMV2, registered gradient:", second)
by_hand = errors("BlockLSTMV2 with BlockLSTMGradV2:", mended)
if right > 0.02 or by_hand > 0.02 or wrong < 0.1:
    sys.exit("CHANGED: the registered gradient of BlockLSTMV2 is no longer that of BlockLSTM")
EOF
