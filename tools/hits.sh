#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# hits.sh - real image sequences (HiTS, four classes), five folds by object: the encoder alone, the GRU on its frozen features,
# both together; what docs/results/hits.md shows. Then all of it trains the model that is shipped. The nights are chosen without
# a look at labels, and time is the frame's index, since dates would tell the label (they are missing for half of the SN).
#
#     BUILD=build sh tools/hits.sh hits_dev.npz      about 10 minutes on two processors; python3-numpy makes the folds
set -e
epochal=$BUILD/epochal
folder=$BUILD/hits
npz=$1
db=$folder/hits.db
mkdir -p "$folder"
rm -f "$db" "$db-wal" "$db-shm" "$folder"/*.safetensors "$folder"/*.json

run() {
    echo "$ epochal $*"
    "$epochal" "$@"
}
train() { "$epochal" train --db "$db" --net hits --last --clip 5 --schedule cosine --schedule-epochs 0 --threads 1 --seed 1 --quiet "$@" > /dev/null; }

# every stage from the one before, with a number of epochs fixed beforehand: no part of the data chooses among epochs
recipe() { # SPLIT
    train --split "$1" --stage encoder --epochs 20 --rate 0.003 --out "$folder/$1.encoder.safetensors"
    train --split "$1" --from "$folder/$1.encoder.safetensors" --stage sequence --epochs 60 --rate 0.003 --class-weights --no-balance --variants 8 \
        --out "$folder/$1.frozen.safetensors"
    train --split "$1" --from "$folder/$1.frozen.safetensors" --stage joint --epochs 15 --rate 0.0005 --batch 8 --class-weights --no-balance --keep-statistics \
        --out "$folder/$1.joint.safetensors"
}

/usr/bin/python3 tools/hits_folds.py "$npz" "$folder/folds"
run import --db "$db" --format cube --array x --labels label --names name --frames nframes --bad-below -9000 --bad-above 1e6 "$npz"

for part in fold0 fold1 fold2 fold3 fold4 all; do
    "$epochal" split --db "$db" --name $part --from "$folder/folds/$part.csv" --quiet > /dev/null
done
# so small a network gains nothing from a second thread, but two trainings do
for pair in "fold0 fold1" "fold2 fold3" "fold4 all"; do
    jobs=
    for part in $pair; do
        recipe $part &
        jobs="$jobs $!"
    done
    for job in $jobs; do wait "$job"; done # a failure ends it here
done
for stage in encoder frozen joint; do
    head=sequence
    [ $stage = encoder ] && head=triplet
    set --
    for k in 0 1 2 3 4; do
        "$epochal" classify --db "$db" --split "fold$k:test" --model "$folder/fold$k.$stage.safetensors" --head $head --quiet > /dev/null
        set -- "$@" --model "$folder/fold$k.$stage.safetensors" --split "fold$k:test"
    done
    echo
    echo "five folds, $stage"
    "$epochal" evaluate --db "$db" --pool "$@"
    "$epochal" evaluate --db "$db" --pool --measures max_f1,mean_max_f1,auc,mean_auc,accuracy --output json "$@" > "$folder/$stage.json"
done

run card "$folder/all.joint.safetensors" --metrics "$folder/joint.json" --write "$folder/hits.safetensors" \
    --note metrics="from five folds by object with this recipe; this model itself has seen all of the data" \
    --note data="HiTS image sequences, github.com/rodrigcd/HiTS_simulations, MIT licence" --note licence=MIT \
    --note limits="Four classes of one survey, g band, 21 to 30 frames, 0.27 arcseconds a pixel; SN are those the survey found. Time is the frame's number."
