#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# bench.sh - the benchmarks of `make bench`. Models have random weights: speed does not depend on their values. Alerts are
# measured where the folder of real data is ($EPOCHAL_DATA, else ../shared/data); the rest makes its own input.
set -e
epochal=$BUILD/epochal
folder=$BUILD/bench
data=${EPOCHAL_DATA:-../shared/data}
mkdir -p "$folder"
TMPDIR=$folder
export TMPDIR

bench() {
    echo "$ epochal bench $*" | cut -c 1-100
    "$epochal" bench "$@"
    echo
}
model() { "$epochal" models --quiet --net "models/$1.net" --init "$folder/$1.safetensors"; }

model braai
model taonet
if [ -d "$data/ztf/alerts" ]; then
    bench alerts --model "$folder/braai.safetensors" "$data/ztf/alerts"
else
    echo "alerts: skipped, there is no $data/ztf/alerts"
fi
bench stamp --model "$folder/braai.safetensors" --threads 1 --rounds 200
bench startup --model "$folder/braai.safetensors" --rounds 20

# 240 objects with 120 images each: 28,800 stamps
[ -d "$folder/survey" ] || "$BUILD/make_survey" "$folder/survey" 40 30 64
bench import --format tao "$folder/survey"

rm -f "$folder/small.db" "$folder/small.db-wal" "$folder/small.db-shm"
[ -d "$folder/small" ] || "$BUILD/make_survey" "$folder/small" 1 12 64
"$epochal" import --quiet --db "$folder/small.db" --format tao "$folder/small" >/dev/null
bench sequence --model "$folder/taonet.safetensors" --db "$folder/small.db" --rounds 3
