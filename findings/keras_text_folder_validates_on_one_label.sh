#!/usr/bin/env bash
# keras.utils.text_dataset_from_directory(shuffle=False, validation_split=0.2) validates on texts of one label alone.
#
# One would expect: a fifth of the texts of each folder, or of all texts, is held back for validation; shuffle says in
# which order the texts come, and one who wants to compare scores with file names sets it to False.
# Instead: the files are sorted by folder, and the last fifth of that list is the validation part. With folders "fake"
# and "real" all of it is "real", and most of "fake" is in the training part. Nothing warns. A network that calls
# everything real has a validation accuracy of 1.0, and EarlyStopping on it restores that network. If shuffle is True
# and no seed is given, Keras refuses, so whoever does as the message says has both labels; with False it does not ask.
# image_dataset_from_directory and audio_dataset_from_directory part their files by the same function.
#
# Versions: keras 3.15.1, tensorflow 2.21.0.
# Seen on 2026-11-30, 100 texts of each label:
#   shuffle=False: training {'fake': 100, 'real': 60}, validation {'real': 40}
#   shuffle=True, seed=1: training {'fake': 81, 'real': 79}, validation {'fake': 19, 'real': 21}
#   always "real": validation accuracy 1.00 and 0.53
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile keras==3.15.1 tensorflow==2.21.0
cd "$room"
KERAS_HOME="$room" TF_CPP_MIN_LOG_LEVEL=3 "$room/venv/bin/python" - 2>err <<'EOF' || { cat err >&2; exit 1; }
import sys
from collections import Counter
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
import keras

for label in "fake", "real":
    for number in range(100):
        file = Path("posts", label, f"{number:03}.txt")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"a text that is {label}, number {number}")

def parts(**options):
    counts = []
    for subset in "training", "validation":
        with redirect_stdout(StringIO()):
            texts = keras.utils.text_dataset_from_directory("posts", validation_split=0.2, subset=subset, **options)
        names = Counter(texts.class_names[int(label)] for _, labels in texts for label in labels)
        counts.append(dict(sorted(names.items())))
    said = ", ".join(f"{name}={value}" for name, value in options.items())
    print(f"{said}: training {counts[0]}, validation {counts[1]}")
    return counts[1]

sorted_part = parts(shuffle=False)
shuffled_part = parts(shuffle=True, seed=1)
always_real = [part["real"] / part_size for part in (sorted_part, shuffled_part) if (part_size := sum(part.values()))]
print(f'always "real": validation accuracy {always_real[0]:.2f} and {always_real[1]:.2f}')
if sorted_part != {"real": 40}:
    sys.exit("CHANGED: the validation part has both labels without shuffling")
if set(shuffled_part) != {"fake", "real"}:
    sys.exit("CHANGED: the validation part has one label with shuffling too")
EOF
