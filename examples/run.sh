#!/bin/sh
# What `make run` does once newsgate is installed: classify the example and show what to do next.
set -eu
home=${NEWSGATE_HOME:-$HOME/.newsgate}
newsgate classify examples/headlines.csv --format table --all
echo
echo "This puts the programs within reach of this terminal:"
echo
# As it is to be typed: the terminal knows where it is.
echo '  export PATH="$PWD/.venv/bin:$PATH"'
echo
echo "The verdicts are in a SQLite file. Ask it anything:"
echo
query="SELECT label, count(*) AS texts, round(avg(p_fake), 2) AS mean_p_fake FROM results GROUP BY label"
echo "  sqlite3 $home/newsgate.db \"$query\""
