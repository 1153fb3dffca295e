#!/usr/bin/env bash
# pandas.read_csv reads a .csv.zst that was cut in half, by a download that broke, as a shorter table, without an error.
#
# One would expect: an error, as for .csv.gz, .csv.bz2 and .csv.xz, where it is an EOFError. A Zstandard frame ends with
# a block that says so, and here with a checksum; `zstd -d` says "premature end".
# Instead: read_csv gives the rows before the cut, and nothing warns. pandas reads through
# zstandard.ZstdDecompressor().stream_reader(), which takes the end of its input for the end of the frame. Whoever
# counts on the compressed file to notice a broken download has no check left: of 100,000 rows 50,001 are read, and the
# last of them may be cut inside a field. backports.zstd, and compression.zstd of Python 3.14, raise EOFError.
#
# Versions: pandas 3.1.1, zstandard 0.25.0, backports.zstd 1.8.0.
# Seen on 2026-11-29:
#   .csv.gz   EOFError
#   .csv.bz2  EOFError
#   .csv.xz   EOFError
#   .csv.zst  50001 of 100000 rows, no error; backports.zstd EOFError
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile pandas==3.1.1 zstandard==0.25.0 backports.zstd==1.8.0
cd "$room"
"$room/venv/bin/python" - <<'EOF'
import bz2, gzip, hashlib, lzma, sys
import pandas, zstandard
from backports import zstd

ROWS = 100_000
table = b"id,text\n" + b"".join(b"%d,%s\n" % (n, hashlib.sha256(b"%d" % n).hexdigest().encode()) for n in range(ROWS))
packers = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstandard.ZstdCompressor(write_checksum=True).compress,
}
seen = {}
for ending, pack in packers.items():
    whole = pack(table)
    with open(f"rows.csv.{ending}", "wb") as file:
        file.write(whole[: len(whole) // 2])
    try:
        seen[ending] = len(pandas.read_csv(f"rows.csv.{ending}"))
    except EOFError:
        seen[ending] = "EOFError"
try:
    other = str(len(zstd.open("rows.csv.zst").read()))
except EOFError:
    other = "EOFError"
for ending in ("gz", "bz2", "xz"):
    print(f".csv.{ending:4} {seen[ending]}")
print(f".csv.zst  {seen['zst']} of {ROWS} rows, no error; backports.zstd {other}")
if not isinstance(seen["zst"], int) or seen["zst"] >= ROWS or {seen["gz"], seen["bz2"], seen["xz"]} != {"EOFError"}:
    sys.exit("CHANGED: a cut file is no longer read as a shorter table")
EOF
