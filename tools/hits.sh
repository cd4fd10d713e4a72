#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# hits.sh - real image sequences (HiTS, four classes), five folds by object, by a network that has learned photometry from a
# simulated survey with the same telescope (as Carrasco-Davis et al. 2019, PASP 131, 108006 did); what docs/results/hits.md
# shows. The rows: the pretrained network as it is; fine-tuned, the encoder alone, the GRU on its frozen features, both
# together. Then all of the real data train the model that is shipped. The nights are chosen without a look at labels, and time
# is the frame's index, since dates would tell the label (they are missing for half of the SN).
#
#     BUILD=build sh tools/hits.sh hits_dev.npz      about a quarter of an hour on two idle processors; python3-numpy makes the folds
set -e
epochal=$BUILD/epochal
folder=$BUILD/hits
npz=$1
db=$folder/hits.db
sim=$folder/sim.db
survey="--telescope hits --objects 4000 --classes SN=1,RRLyrae:rr-lyrae=1,EB:eclipsing+contact=1,constant:constant-star=1 --seed 1"
mkdir -p "$folder"
rm -f "$db" "$db-wal" "$db-shm" "$sim" "$sim-wal" "$sim-shm" "$folder"/*.safetensors "$folder"/*.json

run() {
    echo "$ epochal $*"
    "$epochal" "$@"
}

# every stage from the one before, with a number of epochs fixed beforehand: no part of the data chooses among epochs; so small a
# network gains little from a second thread
train() { "$epochal" train --net hits --last --clip 5 --schedule cosine --schedule-epochs 0 --threads 1 --seed 1 --quiet "$@" > /dev/null; }

# 1. pretraining
# shellcheck disable=SC2086 # options are words
run simulate --db "$sim" $survey --quiet
run split --db "$sim" --name main --fractions 0.9,0.1 --seed 1
pretrain() { train --db "$sim" --split main --no-balance "$@"; }
pretrain --stage encoder --epochs 12 --rate 0.003 --out "$folder/pre.encoder.safetensors"
pretrain --from "$folder/pre.encoder.safetensors" --stage sequence --epochs 15 --rate 0.003 --variants 1 --out "$folder/pre.frozen.safetensors"
pretrain --from "$folder/pre.frozen.safetensors" --stage joint --epochs 8 --rate 0.001 --batch 16 --keep-statistics --out "$folder/pre.joint.safetensors"

# 2. fine-tuning
finetune() { train --db "$db" "$@"; }
recipe() { # SPLIT
    finetune --split "$1" --from "$folder/pre.joint.safetensors" --stage encoder --epochs 8 --rate 0.001 --out "$folder/$1.encoder.safetensors"
    finetune --split "$1" --from "$folder/$1.encoder.safetensors" --stage sequence --epochs 60 --rate 0.003 --class-weights --no-balance --variants 8 \
        --out "$folder/$1.frozen.safetensors"
    finetune --split "$1" --from "$folder/$1.frozen.safetensors" --stage joint --epochs 6 --rate 0.0002 --batch 8 --class-weights --no-balance --keep-statistics \
        --out "$folder/$1.joint.safetensors"
}

/usr/bin/python3 tools/hits_folds.py "$npz" "$folder/folds"
run import --db "$db" --format cube --array x --labels label --names name --frames nframes --bad-below -9000 --bad-above 1e6 "$npz"

for part in fold0 fold1 fold2 fold3 fold4 all; do
    "$epochal" split --db "$db" --name $part --from "$folder/folds/$part.csv" --quiet > /dev/null
done

echo
echo "all of the real sequences, as pretrained"
"$epochal" classify --db "$db" --split all:train --model "$folder/pre.joint.safetensors" --quiet > /dev/null
"$epochal" evaluate --db "$db" --split all:train --model "$folder/pre.joint.safetensors"

for pair in "fold0 fold1" "fold2 fold3" "fold4 all"; do
    jobs=
    for part in $pair; do
        recipe "$part" &
        jobs="$jobs $!"
    done
    for job in $jobs; do wait "$job"; done # a failure ends it here
done
# as one image, then as the mean over the eight flips and quarter turns of it, since the sky has no up
for stage in encoder frozen joint; do
    head=sequence
    [ $stage = encoder ] && head=triplet
    for turns in "" --turns; do
        set --
        for k in 0 1 2 3 4; do
            "$epochal" classify --db "$db" --split "fold$k:test" --model "$folder/fold$k.$stage.safetensors" --head $head $turns --quiet > /dev/null
            set -- "$@" --model "$folder/fold$k.$stage.safetensors" --split "fold$k:test"
        done
        echo
        echo "five folds, $stage $turns"
        "$epochal" evaluate --db "$db" --pool "$@"
    done
    "$epochal" evaluate --db "$db" --pool --measures max_f1,mean_max_f1,auc,mean_auc,accuracy --output json "$@" > "$folder/$stage.json"
done

run card "$folder/all.joint.safetensors" --metrics "$folder/joint.json" --write "$folder/hits.safetensors" \
    --note metrics="from five folds by object with this recipe, classify --turns; this model itself has seen all of the data" \
    --note data="pretrained on epochal simulate $survey; fine-tuned on HiTS image sequences, github.com/rodrigcd/HiTS_simulations, MIT licence" \
    --note licence=MIT \
    --note limits="Four classes of one survey, g band, 21 to 30 frames, 0.27 arcseconds a pixel; SN are those the survey found. Time is the frame's number."
