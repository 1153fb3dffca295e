#!/usr/bin/env bash
# WordPieceTrainer of tokenizers learns another vocabulary each time from the same texts; BpeTrainer does not.
#
# One would expect: training a vocabulary counts pairs, uses no random numbers, and is the same each time, as with
# BpeTrainer.
# Instead: pieces that continue a word ("##x") get their first ids in the order of a hash map, which is another in each
# run. Of two pairs that are equally frequent the one with the lower id is merged first. So the ids always differ, and
# in most runs the pieces themselves do. TOKENIZERS_PARALLELISM=false does not help. A network that is trained with a
# fixed seed is another one then, and a vocabulary that is made again does not fit a network that was saved.
# A way out: name all characters, alone and with "##", as special tokens, in a fixed order. Then all ids are fixed.
#
# Versions: tokenizers 0.23.3.
# Seen on 2026-11-29 (different vocabularies in 6 trainings on the same texts):
#   WordPieceTrainer                       6 with their ids, 4 by their pieces alone
#   BpeTrainer                             1 with their ids, 1 by their pieces alone
#   WordPieceTrainer, all characters named 1 with their ids, 1 by their pieces alone
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" install -q --no-compile tokenizers==0.23.3
TOKENIZERS_PARALLELISM=false "$room/venv/bin/python" - <<'EOF'
import random, sys
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

LETTERS = "abcdefgh"
choose = random.Random(1)
texts = [" ".join("".join(choose.choices(LETTERS, k=choose.randint(2, 7))) for _ in range(5)) for _ in range(1000)]

def vocabulary(model, trainer, special):
    tokenizer = Tokenizer(model(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.train_from_iterator(texts, trainer(vocab_size=500, special_tokens=["[UNK]", *special], show_progress=False))
    return tokenizer.get_vocab()

def look(name, model, trainer, special=()):
    made = [vocabulary(model, trainer, special) for _ in range(6)]
    ids, pieces = len({tuple(sorted(each.items())) for each in made}), len({tuple(sorted(each)) for each in made})
    print(f"{name:38} {ids} with their ids, {pieces} by their pieces alone")
    return ids

named = [*LETTERS, *(f"##{letter}" for letter in LETTERS)]
seen = [
    look("WordPieceTrainer", models.WordPiece, trainers.WordPieceTrainer),
    look("BpeTrainer", models.BPE, trainers.BpeTrainer),
    look("WordPieceTrainer, all characters named", models.WordPiece, trainers.WordPieceTrainer, named),
]
if seen[0] == 1 or seen[1:] != [1, 1]:
    sys.exit("CHANGED: WordPieceTrainer learns the same each time")
EOF
