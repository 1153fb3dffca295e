#!/usr/bin/env bash
# With mixed precision, Keras rounds the integer ids of words to 8 or 11 bits, and different words become one.
#
# One would expect: "mixed_bfloat16" and "mixed_float16" concern weights and activations. Ids go into Embedding as int64
# or int32, and stay whole numbers.
# Instead: a Sequential that begins with Embedding, without keras.Input, makes its own input when it is built. That takes
# the compute type of the first layer, so the ids become bfloat16 or float16 before Embedding looks them up. Of 20,000
# words 1,053 are left in bfloat16 and 5,347 in float16: all words with rare ids share a vector with up to 127 others.
# Frequent words have small ids, so such a network learns well enough, only worse. Nothing warns, and with float32 the
# same code is right. With keras.Input in front all words are kept, also where Input is given no dtype.
#
# Versions: keras 3.15.1 on jax 0.10.2 (TensorFlow 2.21.0 gives the same), numpy 2.4.6.
# Seen on 2026-11-30, different vectors for 20000 words:
#   float32                         20000
#   mixed_float16                   5347
#   mixed_bfloat16                  1053
#   mixed_bfloat16, Input           20000
#   mixed_bfloat16, Input, int32    20000
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile keras==3.15.1 jax==0.10.2 numpy==2.4.6
KERAS_BACKEND=jax KERAS_HOME="$room" "$room/venv/bin/python" - <<'EOF'
import sys
import numpy as np
import keras

words = 20_000
texts = np.arange(words).reshape(100, -1)

def look(name, policy, *first):
    """How many different vectors the words get, where each row of the table is another one."""
    keras.config.set_dtype_policy(policy)
    model = keras.Sequential([*first, keras.layers.Embedding(words + 100, 8)])
    model.predict(texts, verbose=0)
    model.set_weights([np.random.default_rng(1).normal(size=(words + 100, 8))])
    vectors = np.asarray(model.predict(texts, verbose=0)).astype("float32").reshape(words, 8)
    different = len(np.unique(vectors, axis=0))
    print(f"{name:30} {different:6}")
    return different

seen = (
    look("float32", "float32"),
    look("mixed_float16", "mixed_float16"),
    look("mixed_bfloat16", "mixed_bfloat16"),
    look("mixed_bfloat16, Input", "mixed_bfloat16", keras.Input((None,))),
    look("mixed_bfloat16, Input, int32", "mixed_bfloat16", keras.Input((None,), dtype="int32")),
)
if {seen[0], *seen[3:]} != {words} or max(seen[1:3]) > words / 2:
    sys.exit("CHANGED: the ids are not rounded")
EOF
