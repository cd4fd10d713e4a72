#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# demo.sh - the main job from files on disk to scores, on a simulated handful of objects; what `make demo` runs.
set -e
epochal=$BUILD/epochal
demo=$BUILD/demo
rm -rf "$demo"
mkdir -p "$demo"

say() { printf '\n\033[1m%s\033[0m\n' "$1"; }
show() {
    printf '$ epochal'
    printf ' %s' "$@"
    echo
    "$epochal" "$@"
}
[ -t 1 ] || say() { printf '\n%s\n' "$1"; }

say "1. A simulated survey: 6 classes, 3 objects each, 30 nights with 4 visits, 64 x 64 pixels, as Deep-TAO files"
"$BUILD/make_survey" "$demo/survey"
du -sh "$demo/survey"

say "2. Import: the files into one SQLite store"
show import --db "$demo/survey.db" --format tao "$demo/survey"

say "3. What is in it"
show info --db "$demo/survey.db"

say "4. A small TAO-Net. Its weights are random: the scores below mean nothing yet"
show models --net models/taonet-small.net --seed 1 --init "$demo/taonet-small.safetensors"
show models --model "$demo/taonet-small.safetensors"

say "5. Classify: each object's nights, three at a time, through the encoder, the features through the GRU"
show classify --db "$demo/survey.db" --model "$demo/taonet-small.safetensors"

say "6. Score single stamps, without a store, as a filter (again with random weights)"
cat > "$demo/stamp.net" <<'NET'
network  demo
about    three layers, enough to show the way of a stamp
input    planes=1 size=64
normalise asinh scope=plane
encoder
    conv 8 kernel=3 pad=same
    relu
    maxpool 4
    conv 16 kernel=3 pad=same
    relu
    maxpool 4
    flatten
stamp    planes=science classes=bogus,real
    linear 1
    sigmoid
NET
"$epochal" models --net "$demo/stamp.net" --init "$demo/stamp.safetensors"
first=$(find "$demo/survey/SN" -name '*.fits' | sort | head -n 1)
show score --model "$demo/stamp.safetensors" --format stamps "$first"

say "Where the results are"
echo "  $demo/survey.db                  the store, with objects, stamps and scores (try: sqlite3 $demo/survey.db .tables)"
echo "  $demo/taonet-small.safetensors   the model, with random weights"
echo "The scores mean nothing: the networks were not trained. They show that the way from files to scores works."
