#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# crts_forest.sh [SEEDS] - the forest on published features of CRTS transients, over 20 seeds: mean and SD of the weighted F1 and of
# each class's, in percent, and the same of scikit-learn's forest where that is installed for /usr/bin/python3. The tables are
# looked for in $EPOCHAL_DATA, else ../shared/data; results go to docs/results/crts.md.
set -e
seeds=${1:-20}
epochal=${BUILD:-build}/epochal
data=${EPOCHAL_DATA:-../shared/data}/crts/features
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
[ -d "$data" ] || { echo "skipped: there is no $data" >&2; exit 0; }

# a line a seed, as crts_forest.py prints it
ours() {
    seed=0
    while [ $seed -lt "$seeds" ]; do
        seed=$((seed + 1))
        "$epochal" forest train --quiet --features "$1" --label label --trees 700 --max-features sqrt --class-weight none --seed $seed \
            --out "$folder/forest.safetensors" >/dev/null
        "$epochal" forest evaluate --quiet --model "$folder/forest.safetensors" --features "$2" --output json |
            sed -n 's/^ *"weighted_f1": \([0-9.]*\).*/\1/p; s/.*"f1": \([0-9.]*\).*/\1/p' | tr '\n' ' '
        echo
    done
}

# mean and sample SD of each column; $1: names of the columns, $2: whose they are
summary() {
    awk -v names="$1" -v whose="$2" '
        { for (i = 1; i <= NF; i++) { sum[i] += 100 * $i; squares[i] += 1e4 * $i * $i }; n = NF }
        END {
            count = split(names, name, " ")
            for (i = 1; i <= n && i <= count; i++) {
                mean = sum[i] / NR
                variance = NR > 1 ? (squares[i] - NR * mean * mean) / (NR - 1) : 0
                printf "  %-14s %-14s %6.2f +- %.2f\n", whose, name[i], mean, (variance > 0 ? sqrt(variance) : 0)
            }
        }'
}

compare() {
    train=$data/$1_train.csv test=$data/$1_test.csv
    names="weighted $(tail -n +2 "$train" | cut -d , -f 1 | LC_ALL=C sort -u | tr '\n' ' ')"
    echo "$1, F1 in percent over $seeds seeds:"
    ours "$train" "$test" >"$folder/ours"
    summary "$names" epochal <"$folder/ours"
    if /usr/bin/python3 -c "import sklearn" 2>/dev/null; then
        /usr/bin/python3 tools/crts_forest.py "$train" "$test" "$seeds" >"$folder/theirs"
        summary "$names" scikit-learn <"$folder/theirs"
    else
        echo "  scikit-learn: skipped, it is not installed for /usr/bin/python3"
    fi
}

compare six_transients_simple_30_10obs
compare binary_simple_30_10obs
