#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# precision.sh - what --precision changes on real data: the scores of the same inputs in float32, bfloat16 and whole numbers of 8 bits,
# and how many decisions differ. What docs/results/precision.md shows.
#
#     BUILD=build sh tools/precision.sh FOLDER   FOLDER: hits/hits_dev.npz, ztf/alerts/*.avro, ztf/braai/d6_m7.weights.h5; a minute;
#                                                python3-h5py converts the weights
#
# Where tools/hits.sh has left its five folds in $BUILD/hits, each network is asked about the objects that it has not seen, too.
set -e
epochal=$BUILD/epochal
data=$1
folder=$BUILD/precision
hits=$BUILD/hits
db=$folder/hits.db
python=${PYTHON:-/usr/bin/python3}
mkdir -p "$folder"
rm -f "$db" "$db-wal" "$db-shm" "$folder"/*.csv

# Rows of two CSVs, of which columns FIRST.. up to the one before the last are numbers: how far they are apart, how many lie on
# different sides of 0.5, and how many rows have their largest elsewhere.
compare() { # NAME PRECISION FIRST FLOAT32 OTHER
    paste -d '\n' "$4" "$5" | tr -d '\r' | awk -F, -v name="$1" -v precision="$2" -v first="$3" '
        NR < 3 { next }
        NR % 2 { n = NF; for (i = 1; i <= NF; i++) a[i] = $i; next }
        {
            if ($1 != a[1] || NF != n) { print "rows differ" > "/dev/stderr"; failed = 1; exit 1 }
            if ($first == "") next
            rows++; best = other = first
            for (i = first; i < NF; i++) {
                d = $i - a[i]; if (d < 0) d = -d
                sum += d; count++
                if (d > most) most = d
                if (($i >= 0.5) != (a[i] >= 0.5)) flips++
                if (a[i] + 0 > a[best] + 0) best = i
                if ($i + 0 > $other + 0) other = i
            }
            classes += best != other
        }
        END { if (failed || !count) exit 1; printf "| %s | %s | %d | %.1e | %.1e | %d of %d | %s |\n", name, precision, rows, sum / count, most, flips, count, (count > rows ? classes + 0 : "-") }'
}

"$python" tools/keras_to_safetensors.py --net models/braai.net --normalise l2row "$data/ztf/braai/d6_m7.weights.h5" "$folder/d6_m7.safetensors" > /dev/null
"$epochal" import --db "$db" --format cube --array x --labels label --names name --frames nframes --bad-below -9000 --bad-above 1e6 --quiet "$data/hits/hits_dev.npz" > /dev/null
for p in f32 bf16 int8; do
    "$epochal" score --model "$folder/d6_m7.safetensors" --precision $p --quiet -o csv "$data/ztf/alerts" > "$folder/ztf.$p.csv"
    "$epochal" classify --db "$db" --model hits --precision $p --quiet -o csv > "$folder/hits.$p.csv"
    [ -f "$hits/fold4.joint.safetensors" ] || continue
    for k in 0 1 2 3 4; do
        "$epochal" classify --db "$hits/hits.db" --split fold$k:test --model "$hits/fold$k.joint.safetensors" --precision $p --quiet -o csv
    done | awk 'NR == 1 || !/^object,/' > "$folder/folds.$p.csv"
done

echo "| what | precision | scored | mean difference | largest | other side of 0.5 | other class |"
echo "|---|---|---|---|---|---|---|"
for p in bf16 int8; do
    compare "ZTF alerts, braai's d6_m7" $p 4 "$folder/ztf.f32.csv" "$folder/ztf.$p.csv"
    compare "HiTS sequences, hits (which has seen them)" $p 6 "$folder/hits.f32.csv" "$folder/hits.$p.csv"
    [ ! -f "$folder/folds.f32.csv" ] || compare "HiTS sequences, five folds, those held back" $p 6 "$folder/folds.f32.csv" "$folder/folds.$p.csv"
done
