#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# bench.sh - the benchmarks of `make bench`. Models have random weights: speed does not depend on their values. Alerts are
# measured where the folder of real data is ($EPOCHAL_DATA, else ../shared/data); the rest makes its own input. Training is
# compared with PyTorch's where that is installed, for /usr/bin/python3, and the network is defined for it
# ($EPOCHAL_PEERS, else ../shared/peers). Forests are compared with scikit-learn's, which also makes the table. ONLY=train (or another name) for one of them.
set -e
epochal=$BUILD/epochal
folder=$BUILD/bench
data=${EPOCHAL_DATA:-../shared/data}
peers=${EPOCHAL_PEERS:-../shared/peers}
mkdir -p "$folder"
TMPDIR=$folder
export TMPDIR

bench() {
    echo "$ epochal bench $*" | cut -c 1-100
    "$epochal" bench "$@"
    echo
}
model() { "$epochal" models --quiet --net "models/$1.net" --init "$folder/$1.safetensors"; }

wanted() { [ -z "$ONLY" ] || [ "$ONLY" = "*" ] || [ "$ONLY" = "$1" ]; }

alerts() {
    if [ -d "$data/ztf/alerts" ]; then
        bench alerts --model "$folder/braai.safetensors" "$data/ztf/alerts"
    else
        echo "alerts: skipped, there is no $data/ztf/alerts"
    fi
}

# 240 objects with 120 images each: 28,800 stamps
import() {
    [ -d "$folder/survey" ] || "$BUILD/make_survey" "$folder/survey" 40 30 64
    bench import --format tao "$folder/survey"
}

sequence() {
    rm -f "$folder/small.db" "$folder/small.db-wal" "$folder/small.db-shm"
    [ -d "$folder/small" ] || "$BUILD/make_survey" "$folder/small" 1 12 64
    "$epochal" import --quiet --db "$folder/small.db" --format tao "$folder/small" >/dev/null
    bench sequence --model "$folder/taonet.safetensors" --db "$folder/small.db" --rounds 3
}

# PyTorch's triplets a second, with the allocator and the threads that suit it best; nothing where it is not there
torch_rate() {
    [ -f "$peers/taonet_torch.py" ] && /usr/bin/python3 -c "import torch" 2>/dev/null || return 0
    allocator=$(/sbin/ldconfig -p | sed -n 's/.*libjemalloc\.so\.2 .*=> //p' | head -n 1)
    OMP_PROC_BIND=true LD_PRELOAD=$allocator /usr/bin/python3 tools/bench_torch.py "$peers" "$1" "$2" "$(nproc)" 5
}

# Network, its side, batch. Ours, PyTorch's, ours again; the slower of ours is compared.
train() {
    bench train --net "$1" --batch "$3" --rounds 3 >"$folder/train.txt"
    cat "$folder/train.txt"
    theirs=$(torch_rate "$2" "$3") || theirs=
    if [ -z "$theirs" ]; then
        echo "PyTorch: skipped, it or $peers/taonet_torch.py is not there, or it failed"
        return
    fi
    again=$("$epochal" bench train --net "$1" --batch "$3" --rounds 3 --output csv | sed -n 's/^train,rate,\([^,]*\),.*/\1/p')
    [ -n "$again" ] || return 1
    awk -v again="$again" -v theirs="$theirs" '$2 == "rate" {
        ours = $3 < again ? $3 : again
        printf "PyTorch: %s triplets/s; ours %s, and %s after it: %.1f times as many\n\n", theirs, $3, again, ours / theirs
    }' "$folder/train.txt"
}

# Ours, scikit-learn's, ours again; the slower of ours is compared.
forest() {
    if ! /usr/bin/python3 -c "import sklearn" 2>/dev/null; then
        echo "forest: skipped, scikit-learn is not there for /usr/bin/python3, and it makes the table"
        return
    fi
    table=$folder/forest.csv
    [ -f "$table" ] || /usr/bin/python3 tools/bench_forest.py make "$table"
    bench forest --trees 200 --rounds 5 "$table" >"$folder/forest.before"
    cat "$folder/forest.before"
    /usr/bin/python3 tools/bench_forest.py time "$table" 200 "$(nproc)" 5 >"$folder/forest.theirs"
    "$epochal" bench forest --trees 200 --rounds 5 "$table" >"$folder/forest.after"
    echo "the slower of these and of the same measured again, and scikit-learn's between them, $(nproc) jobs:"
    cat "$folder/forest.before" "$folder/forest.after" | sed -n 's/^forest  *\(.*, [a-z]*\)  *\([0-9.e+]*\)  *\([a-z]*\)$/\1 \2 \3/p' |
        awk -v theirs="$(tr '\n' ' ' <"$folder/forest.theirs")" '
            { what = $0; sub(/ [^ ]* [^ ]*$/, "", what); sub(/ *$/, "", what); value = $(NF - 1) }
            !(what in slower) { order[++count] = what; unit[what] = $NF; slower[what] = 0 }
            value > slower[what] { slower[what] = value }
            END {
                split(theirs, their, " ")
                for (i = 1; i <= count; i++)
                    printf "%-20s %10.4g %-2s  scikit-learn %10.4g %-2s  %.1f times as fast\n", order[i], slower[order[i]], unit[order[i]],
                        their[i], unit[order[i]], their[i] / slower[order[i]]
            }'
    echo
}

if [ "$ONLY" != forest ]; then
    model braai
    model taonet
fi
if wanted alerts; then alerts; fi
if wanted stamp; then bench stamp --model "$folder/braai.safetensors" --threads 1 --rounds 200; fi
if wanted startup; then bench startup --model "$folder/braai.safetensors" --rounds 20; fi
if wanted import; then import; fi
if wanted sequence; then sequence; fi
if wanted forest; then forest; fi
if wanted train; then
    for batch in 8 32; do
        train taonet16 16 $batch
        train taonet32 32 $batch
        train taonet 64 $batch
    done
fi
