#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# ztf.sh - real ZTF alerts: braai's published weights against the scores that ZTF published in the same alerts (drb), at the
# thresholds people cut at, from files and through a store; rb against drb; and the shipped `realbogus`, which has seen no sky, against
# drb > 0.5 as pseudo-labels. What docs/results/ztf.md shows.
#
#     BUILD=build sh tools/ztf.sh FOLDER     FOLDER: alerts/*.avro, index.csv (candid, objectId, jd, magpsf, sigmapsf, rb, drb),
#                                            braai/d6_m7.weights.h5; seconds; python3-h5py converts the weights
set -e
epochal=$BUILD/epochal
data=$1
folder=$BUILD/ztf
db=$folder/ztf.db
python=${PYTHON:-/usr/bin/python3}
mkdir -p "$folder"
rm -f "$db" "$db-wal" "$db-shm" "$folder"/*.csv

run() {
    echo "$ epochal $*" >&2
    "$epochal" "$@"
}

# what -v says at its end: how many, and how fast
speed() { grep " a second" "$folder/said.txt" | sed 's/^epochal: /    /'; }

"$python" tools/keras_to_safetensors.py --net models/braai.net --normalise l2row "$data/braai/d6_m7.weights.h5" "$folder/d6_m7.safetensors" > /dev/null
run import --db "$db" --format ztf "$data/alerts"

echo "--- speed: from files, from the store, the shipped model from the store ---"
run score --model "$folder/d6_m7.safetensors" "$data/alerts" -o csv -v > "$folder/d6_m7 from files.csv" 2> "$folder/said.txt"
speed
run score --db "$db" --model "$folder/d6_m7.safetensors" -o csv -v > "$folder/d6_m7.csv" 2> "$folder/said.txt"
speed
run score --db "$db" --model realbogus -o csv -v > "$folder/realbogus.csv" 2> "$folder/said.txt"
speed

echo "--- agreement ---"
"$python" tools/ztf_report.py agree "$data/index.csv" "$folder/d6_m7 from files.csv" "$folder/d6_m7.csv" "$folder/realbogus.csv"

# pseudo-labels come as the class column of the published light curves
echo "--- against drb > 0.5 as pseudo-labels ---"
"$python" tools/ztf_report.py labels "$data/index.csv" "$folder/labels.csv"
run import --db "$db" --format lightcurves --survey ZTF "$folder/labels.csv" --quiet > /dev/null
run evaluate --db "$db" --model "$folder/d6_m7.safetensors" --model realbogus --measures max_f1,auc,average_precision,mcc,mdr,fpr,g_mean,accuracy,log_loss,ece
run evaluate --db "$db" --model realbogus --confusion
