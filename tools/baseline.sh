#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# baseline.sh - images against light curves: the sequence network and a forest on photometry of the same stamps, in one table with
# paired intervals of the difference; what docs/results/baseline.md shows. After `make models`, whose surveys, splits and weights it
# takes; a few minutes on two processors.
set -e
epochal=$BUILD/epochal
folder=$BUILD/baseline
measures=max_f1,mean_max_f1,mean_auc,accuracy,log_loss,ece
mkdir -p "$folder"
: > "$folder/named.txt"

run() {
    echo "$ epochal $*"
    "$epochal" "$@"
}

# exit status 3: some objects have fewer nights than a triplet, or a stamp without light, and are named
some() {
    code=0
    "$epochal" "$@" --quiet > /dev/null 2>> "$folder/named.txt" || code=$?
    [ $code -eq 0 ] || [ $code -eq 3 ] || { tail -n 1 "$folder/named.txt" >&2; exit 1; }
}
score() { some classify "$@"; }

# On the simulated survey stars are sharper than its pixels, so both kinds of photometry are shown.
sim=$BUILD/models/sim.db
network=$BUILD/models/six.safetensors
if [ -f "$sim" ] && [ -f "$network" ]; then
    echo "--- simulated survey, six classes ---"
    score --db "$sim" --split main:test --model "$network"
    for method in psf "aperture r=3"; do
        forest="$folder/sim $method.safetensors"
        case $method in
        psf) some photometry --db "$sim" ;;
        *) some photometry --db "$sim" --method aperture --radius 3 ;;
        esac
        run forest train --db "$sim" --split main --method "$method" --min-points 5 --balance --out "$forest" --quiet
        score --db "$sim" --split main:test --model "$forest"
        run evaluate --db "$sim" --split main:test --measures $measures --report "$folder/sim $method.html" --model "$network" --model "$forest"
    done
fi

hits=$BUILD/hits/hits.db
if [ -f "$hits" ]; then
    echo "--- HiTS, five folds ---"
    some photometry --db "$hits"
    set --
    for k in 0 1 2 3 4; do
        "$epochal" forest train --db "$hits" --split "fold$k" --class-weight balanced --out "$folder/fold$k.safetensors" --quiet > /dev/null
        score --db "$hits" --split "fold$k:test" --model "$folder/fold$k.safetensors"
        score --db "$hits" --split "fold$k:test" --model "$BUILD/hits/fold$k.joint.safetensors"
        set -- "$@" --split "fold$k:test" --model "$BUILD/hits/fold$k.joint.safetensors" --against "$folder/fold$k.safetensors"
    done
    run evaluate --db "$hits" --pool --measures $measures --report "$folder/hits.html" "$@"
fi
