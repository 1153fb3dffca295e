#!/usr/bin/env bash
# safetensors 0.8 saves a NumPy array that was transposed with its values in another order; 0.7 saved it rightly.
#
# One would expect: save_file({"w": array}) and load_file give the same array back, as numpy.save and load do, and as
# versions up to 0.7 did. The page asks for contiguous arrays; so any other is copied, or refused, as safetensors.torch
# refuses it.
# Instead: since 0.8.0 the memory behind the array is written as it lies there, with the shape of the array. Values of an
# array that lies column by column come back in the wrong places, without an error, and the file is valid. Such arrays
# are common: `.T` of a kernel, which has its other order in ONNX, or DataFrame.to_numpy(). The network that is loaded
# has the right shapes and wrong weights. numpy.ascontiguousarray(array) before saving helps.
#
# Versions: safetensors 0.7.0 and 0.8.0, numpy 2.4.6, pandas 3.1.1.
# Seen on 2026-11-30, is the array that is loaded the one that was saved:
#                            0.7.0   0.8.0
#   as it was made           same    same
#   transposed               same    other
#   DataFrame.to_numpy()     same    other
#   numpy.save, transposed   same    same
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
for version in 0.7.0 0.8.0; do
  python3 -m venv "$room/$version"
  "$room/$version/bin/pip" install -q --no-compile "safetensors==$version" numpy==2.4.6 pandas==3.1.1
done
cat > "$room/look.py" <<'EOF'
import sys
import numpy, pandas
from safetensors.numpy import load_file, save_file

path = sys.argv[1] + "/weights"

def by_safetensors(array):
    save_file({"array": array}, path)
    return load_file(path)["array"]

def by_numpy(array):
    numpy.save(path + ".npy", array)
    return numpy.load(path + ".npy")

kernel = numpy.arange(6, dtype="float32").reshape(2, 3)
table = pandas.DataFrame({"a": [1.0, 2.0, 3.0], "b": [4.0, 5.0, 6.0]}).to_numpy()
for save, array in (by_safetensors, kernel), (by_safetensors, kernel.T), (by_safetensors, table), (by_numpy, kernel.T):
    print("same" if numpy.array_equal(save(array), array) else "other")
EOF
for version in 0.7.0 0.8.0; do "$room/$version/bin/python" "$room/look.py" "$room" > "$room/$version.txt"; done
printf '%s\n' 'as it was made' transposed 'DataFrame.to_numpy()' 'numpy.save, transposed' > "$room/names"
paste -d '|' "$room/names" "$room/0.7.0.txt" "$room/0.8.0.txt" | awk -F '|' '{ printf "%-24s %-7s %s\n", $1, $2, $3 }'
if [ "$(tr '\n' ' ' < "$room/0.7.0.txt")" != 'same same same same ' ] ||
  [ "$(tr '\n' ' ' < "$room/0.8.0.txt")" != 'same other other same ' ]; then
  echo "CHANGED: arrays come back as they were saved" >&2
  exit 1
fi
