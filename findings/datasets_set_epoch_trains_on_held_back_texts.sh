#!/usr/bin/env bash
# In datasets, set_epoch moves texts from the validation part of a stream into the training part.
#
# One would expect: shuffle(seed=1), and then take(200) for validation and skip(200) for training, parts the texts once,
# by the seed. The page on streams says to shuffle before one splits, and to call set_epoch(), for another order in
# each epoch.
# Instead: both parts are counted off anew whenever one goes through them, and the epoch is added to the seed, so the
# first 200 texts of epoch 1 are others than those of epoch 0. skip() leaves those out, and gives the texts that were
# held back. Each page of the documentation is right alone; together they train on the validation part: most of it
# after one epoch, all after a few. Nothing warns, each epoch has the right number of texts, and the validation score
# looks too good. Accelerate, and with it the Trainer of transformers, calls set_epoch() by itself. What helps is to
# split first and to shuffle only the training part, or a split by something in the text, with filter().
#
# Versions: datasets 5.2.0, pyarrow 26.0.1, pandas 3.1.1.
# Seen on 2026-11-30, 1000 texts, of which 200 are held back; how many of these were trained on, after each epoch:
#   shuffled, then split                   0, 160, 193, 199, 200
#   the same without set_epoch             0, 0, 0, 0, 0
#   shuffled, then split, buffer of 100    0, 31, 57, 77, 91
#   split, then shuffled                   0, 0, 0, 0, 0
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile datasets==5.2.0 pyarrow==26.0.1 pandas==3.1.1
HF_HOME="$room/hf" HF_HUB_OFFLINE=1 "$room/venv/bin/python" -W error - <<'EOF'
import sys
import datasets

texts = datasets.Dataset.from_dict({"id": list(range(1000))}).to_iterable_dataset(num_shards=4)

def look(name, training, validation, call=True):
    """How many of the texts that are held back have been trained on after each of five epochs."""
    held_back, trained, seen = {row["id"] for row in validation}, set(), []
    for epoch in range(5):
        if call:
            training.set_epoch(epoch)
        rows = [row["id"] for row in training]
        if len(rows) != 800 or len(set(rows)) != 800:
            sys.exit("CHANGED: an epoch has another number of texts")
        trained.update(rows)
        seen.append(len(held_back & trained))
    print(f"{name:38} {', '.join(map(str, seen))}")
    return seen

mixed = texts.shuffle(seed=1, buffer_size=1000)
near = texts.shuffle(seed=1, buffer_size=100)
wrong = look("shuffled, then split", mixed.skip(200), mixed.take(200))
still = look("the same without set_epoch", mixed.skip(200), mixed.take(200), call=False)
less = look("shuffled, then split, buffer of 100", near.skip(200), near.take(200))
right = look("split, then shuffled", texts.skip(200).shuffle(seed=1), texts.take(200))
if wrong[0] != 0 or wrong[1] < 100 or wrong[4] < 190 or less[4] < 20 or any(still + right):
    sys.exit("CHANGED: the validation part is kept apart, or the other ways mix it in")
EOF
