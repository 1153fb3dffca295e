#!/usr/bin/env bash
# After a change of a function in a module of one's own, Dataset.map of datasets still gives the old function's results.
#
# One would expect: map() keeps results under a fingerprint that includes the function, as its page says. So a function
# that was changed is run again, and one that was not is not.
# Instead: that holds for a function of the script itself only. One that is imported goes into the fingerprint as the
# names of its module and itself, without its code, and so does what a function of the script calls in a module. Whoever
# mends the cleaning of texts in clean.py, and starts the program again, trains and measures on the texts as they were
# before: no error, no warning, and not one line of the new code is run. The data set has to come from a file, so tests,
# which make theirs in memory, see nothing. load_from_cache_file=False runs it again.
#
# Versions: datasets 5.2.0, pyarrow 26.0.1, pandas 3.1.1.
# Seen on 2026-11-30, one program run before and after "lower" became "upper":
#   imported                   fake news  fake news
#   called by the script       fake news  fake news
#   of the script itself       fake news  FAKE NEWS
#   load_from_cache_file=False fake news  FAKE NEWS
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile datasets==5.2.0 pyarrow==26.0.1 pandas==3.1.1
cd "$room"
printf 'text\nFake News\n' > news.csv
cat > clean.py <<'EOF'
def clean(row):
    return {"text": row["text"].lower()}
EOF
cat > own.py <<'EOF'
import datasets
import clean

datasets.disable_progress_bars()

def own(row):
    return {"text": row["text"].lower()}

def calls(row):
    return clean.clean(row)

news = datasets.load_dataset("csv", data_files="news.csv", split="train")
print("imported", news.map(clean.clean)["text"][0], sep="|")
print("called by the script", news.map(calls)["text"][0], sep="|")
print("of the script itself", news.map(own)["text"][0], sep="|")
print("load_from_cache_file=False", news.map(clean.clean, load_from_cache_file=False)["text"][0], sep="|")
EOF
export HF_HOME="$room/cache" PYTHONDONTWRITEBYTECODE=1
venv/bin/python own.py > before
sed -i 's/lower/upper/' clean.py own.py
venv/bin/python own.py > after
paste -d '|' before after | awk -F '|' '{ printf "%-26s %s  %s\n", $1, $2, $4 }' | tee seen
if [ "$(awk '{ print $(NF - 3), $(NF - 1) }' seen | tr '\n' ' ')" != 'fake fake fake fake fake FAKE fake FAKE ' ]; then
  echo "CHANGED: a changed function is run again" >&2
  exit 1
fi
