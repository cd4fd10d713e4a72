#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# review_check.sh - how many of the labels that were flipped on purpose does `epochal review` find?
#
#     tools/review_check.sh [CANDIDATES [EPOCHS [FOLDER]]]        (20000, 12, a temporary folder)
#
# Simulates candidates, flips the labels of one in a hundred through `epochal relabel`, and trains a small network three times:
# on each half of them, judged on the other half, and on all of them, judged on what it was trained on. Prints the share of the
# flipped labels that stands in the first 2 % of the list, and within how much of the list 80 % of them are. docs/results/review.md
# has what it printed. EXTRA holds more options of the training (--no-turns). Wants sqlite3.
set -eu
count=${1:-20000} epochs=${2:-12}
folder=${3:-$(mktemp -d)}
epochal=${EPOCHAL:-build/epochal}
mkdir -p "$folder"
db=$folder/rb.db
[ -n "${3:-}" ] || trap 'rm -rf "$folder"' EXIT

cat > "$folder/small.net" <<'NET'
network   small
about     real or bogus, for tools/review_check.sh
input     planes=3 size=24
fusion    early
normalise asinh
pad       centre value=0

encoder
    conv 16 kernel=3 pad=same bias=0
    batchnorm
    relu
    conv 16 kernel=3 pad=same bias=0
    batchnorm
    relu
    maxpool 2
    conv 32 kernel=3 pad=same bias=0
    batchnorm
    relu
    conv 32 kernel=3 pad=same bias=0
    batchnorm
    relu
    maxpool 2
    conv 64 kernel=3 pad=same bias=0
    batchnorm
    relu
    flatten
    dropout 0.3
    linear 64
    relu

stamp planes=science,template,difference classes=bogus,real
    linear 1
    sigmoid
NET

"$epochal" simulate --db "$db" --real-bogus "$count" --side 24 --seed 5 -q > /dev/null

# one in a hundred, by the remainder of a product modulo a prime: scattered, and the same every time
sqlite3 -csv "$db" "SELECT name, CASE class WHEN 'real' THEN 'bogus' ELSE 'real' END FROM objects
    ORDER BY (id * 7919) % 1000003 LIMIT $count / 100" | tr -d '\r' > "$folder/flipped"
{ echo object,class; cat "$folder/flipped"; } > "$folder/flips.csv"
"$epochal" relabel --db "$db" --from "$folder/flips.csv" --who test --why "flipped on purpose" -q > /dev/null

# two halves that share no field, each the test part of one fold
"$epochal" split --db "$db" --name a --fractions 0.5,0,0.5 -q > /dev/null
{ echo object,part
  sqlite3 -csv "$db" "SELECT o.name, CASE m.part WHEN 'test' THEN 'train' ELSE 'test' END FROM split_members m
      JOIN splits s ON s.id = m.split AND s.name = 'a' JOIN objects o ON o.id = m.object" | tr -d '\r'; } > "$folder/b.csv"
"$epochal" split --db "$db" --name b --from "$folder/b.csv" -q > /dev/null
"$epochal" split --db "$db" --name all --fractions 1,0,0 -q > /dev/null

# so small a network gains nothing from a second thread, but two trainings do
train() { # FOLD
    "$epochal" train --db "$db" --split "$1" --net "$folder/small.net" --task realbogus --epochs "$epochs" --last --batch 64 \
        --rate 0.003 --schedule cosine --schedule-epochs 0 --threads 1 ${EXTRA:-} --out "$folder/$1.safetensors" -q > /dev/null
}
train a &
first=$!
train b
wait $first
train all
"$epochal" score --db "$db" --model "$folder/a.safetensors" --split a:test -q > /dev/null
"$epochal" score --db "$db" --model "$folder/b.safetensors" --split b:test -q > /dev/null
"$epochal" score --db "$db" --model "$folder/all.safetensors" --split all:train -q > /dev/null

# the places of the flipped labels in a list
found() {
    what=$1
    shift
    "$epochal" review --db "$db" "$@" --limit 0 -q -o csv | tr -d '\r' | awk -F, -v what="$what" -v all="$count" '
        NR == FNR { flipped[$1] = 1; n++; next }
        FNR > 1 && $2 in flipped { seen++; if ($1 <= all / 50) early++; if (!at && seen >= 0.8 * n) at = $1 }
        END { printf "%-32s %4d of %d in the first 2 %% (%.1f %%); 80 %% of them in the first %.2f %%\n", what, early, n, 100 * early / n, 100 * at / all }' \
        "$folder/flipped" FS=, -
}
echo "$count candidates, $epochs epochs"
found "two folds, each on the other half" --model "$folder/a.safetensors" --split a:test --model "$folder/b.safetensors" --split b:test
found "one model, on what it has learned" --model "$folder/all.safetensors" --split all:train
"$epochal" review --db "$db" --model "$folder/a.safetensors" --split a:test --model "$folder/b.safetensors" --split b:test --summary
