#!/usr/bin/env bash
# Reading 10 bytes of a file in a .zip of 356 bytes takes Python's zipfile 600 MB of memory.
#
# One would expect: archive.open(name).read(10) decompresses about as much as it returns, as it does for the usual
# method, deflate. The page of zipfile warns of archives that fill the disk when they are unpacked, and reading a member
# in small pieces looks like the way round that.
# Instead: for members packed with bzip2 or LZMA, which any program may write and zipfile reads unasked, the size is
# passed to no decompressor. 4096 compressed bytes are decompressed at once, whatever they become: a bound on `read`
# bounds nothing. Python's own bz2 and lzma take such a bound (`max_length`), and .csv.bz2 files are read within it.
# So look at `ZipInfo.compress_type` before you open a member of an archive that somebody else has made.
#
# Versions: Python 3.11.7.
# Seen on 2026-11-29:
#   deflate  archive of 291704 bytes, read(10) at most 0 MB
#   lzma     archive of 42517 bytes, read(10) at most 67 MB
#   bzip2    archive of 356 bytes, read(10) at most 616 MB
set -euo pipefail
python3 - <<'EOF'
import io, sys, tracemalloc, zipfile

METHODS = {"deflate": zipfile.ZIP_DEFLATED, "lzma": zipfile.ZIP_LZMA, "bzip2": zipfile.ZIP_BZIP2}
most = {}
for name, method in METHODS.items():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive, archive.open("rows.csv", "w") as member:
        for _ in range(300):
            member.write(bytes(1_000_000))
    tracemalloc.start()
    with zipfile.ZipFile(packed) as archive, archive.open("rows.csv") as member:
        assert len(member.read(10)) == 10
    most[name] = tracemalloc.get_traced_memory()[1] // 1_000_000
    tracemalloc.stop()
    print(f"{name:8} archive of {len(packed.getvalue())} bytes, read(10) at most {most[name]} MB")
if most["deflate"] > 5 or most["bzip2"] < 100:
    sys.exit("CHANGED: reading a few bytes takes a few bytes")
EOF
