#!/bin/sh
# What `make run` does once newsgate is installed: classify the example and show where the verdicts are.
set -eu
home=${NEWSGATE_HOME:-$HOME/.newsgate}
newsgate classify examples/headlines.csv --format table
echo
echo "The verdicts are in a SQLite file. Ask it anything:"
echo
query="SELECT label, count(*) AS texts, round(avg(p_fake), 2) AS mean_p_fake FROM results GROUP BY label"
echo "  sqlite3 $home/newsgate.db \"$query\""
