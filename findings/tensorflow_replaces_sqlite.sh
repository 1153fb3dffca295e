#!/usr/bin/env bash
# Importing TensorFlow replaces the SQLite of every Python module that is imported after it.
#
# One would expect: pysqlite3 has its own SQLite compiled into it, so that is the one it uses, whatever else the process
# has imported.
# Instead: libtensorflow_cc.so.2 exports all functions of the SQLite inside it (263 names "sqlite3_..."), and TensorFlow
# loads it for the whole process. A module that is loaded later and calls sqlite3_open gets TensorFlow's. With it comes
# an older version, without full-text search (FTS5), and with the WAL-reset bug that 3.51.3 has fixed. Where Python's
# own module sqlite3 is linked dynamically, the same happens to it. Nothing says so; only the order of two imports
# decides. What is imported before TensorFlow keeps its own.
#
# Versions: tensorflow 2.21.0, pysqlite3 0.6.1, Linux x86-64.
# Seen on 2026-11-29:
#   pysqlite3 alone             3.53.4 with FTS5
#   pysqlite3, then tensorflow  3.53.4 with FTS5
#   tensorflow, then pysqlite3  3.50.3 no such module: fts5
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile tensorflow==2.21.0 pysqlite3==0.6.1
cat > "$room/look.py" <<'EOF'
import importlib, sys

for name in sys.argv[1:]:
    importlib.import_module(name)
import pysqlite3

connection = pysqlite3.connect(":memory:")
version = connection.execute("select sqlite_version()").fetchone()[0]
try:
    connection.execute("create virtual table words using fts5(text)")
    print(version, "with FTS5")
except pysqlite3.OperationalError as error:
    print(version, error)
EOF
export TF_CPP_MIN_LOG_LEVEL=3
look() { "$room/venv/bin/python" "$room/look.py" "$@" 2>/dev/null; }
alone=$(look pysqlite3)
before=$(look pysqlite3 tensorflow)
after=$(look tensorflow pysqlite3)
echo "pysqlite3 alone             $alone"
echo "pysqlite3, then tensorflow  $before"
echo "tensorflow, then pysqlite3  $after"
if [ "$alone" = "3.53.4 with FTS5" ] && [ "$before" = "$alone" ] && [ "$after" = "3.50.3 no such module: fts5" ]; then
    exit 0
fi
echo "CHANGED: TensorFlow's SQLite does not take the place of the other" >&2
exit 1
