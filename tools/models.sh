#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# models.sh - trains the models that are shipped in models/; what `make models` runs. About three quarters of an hour on two processors. On
# the kind of processor that their cards name it makes the same bytes: the end says so, or what differs.
#
#     sequence    six classes from image sequences    simulated
#     realbogus   real or bogus from stamps           simulated
#     hits        four classes, real sequences        where the data are ($EPOCHAL_DATA, else ../shared/data); see hits.sh
set -e
epochal=$BUILD/epochal
folder=$BUILD/models
data=${EPOCHAL_DATA:-../shared/data}
out=${OUT:-$folder/new}
mkdir -p "$folder" "$out"
rm -f "$out/sequence.safetensors" "$out/realbogus.safetensors" "$out/hits.safetensors"

run() {
    echo "$ epochal $*"
    "$epochal" "$@"
}

# exit status 3: some objects have fewer nights than a triplet, and are named
scored() { # FILE COMMAND...
    file=$1
    shift
    run "$@" --quiet > "$file" || [ $? -eq 3 ]
}

# the last step of each: scores of the test part, and a card with them
publish() { # NAME WEIGHTS DB SPLIT_PART MEASURES [--note ...]
    name=$1 weights=$2 db=$3 part=$4 measures=$5
    shift 5
    "$epochal" evaluate --db "$db" --split "$part" --model "$weights" --measures "$measures" --output json > "$folder/$name.json"
    run card "$weights" --metrics "$folder/$name.json" --write "$out/$name.safetensors" "$@"
}

simulated="It was trained and tested on a simulated survey and has not seen the sky: fine-tune it on yours before you believe it. Stamps of 2.5 arcseconds a pixel, the middle 16 x 16 (sequence) and 32 x 32 (realbogus) of them."

sim=$folder/sim.db
rm -f "$sim" "$sim-wal" "$sim-shm"
survey="--objects 3000 --nights 24 --visits 2 --side 32 --classes BZ=2,AGN=3,CV=4,OTHER=4,SN=5,NON=6 --real-bogus 6000 --seed 1"
# shellcheck disable=SC2086 # options are words
run simulate --db "$sim" $survey
run split --db "$sim" --name main --seed 1

train() { run train --db "$sim" --split main --threads 2 --seed 1 --quiet "$@"; }
train --net taonet-small16 --stage encoder --epochs 12 --rate 0.003 --schedule cosine --schedule-epochs 0 --out "$folder/encoder.safetensors"
train --net taonet-small16 --from "$folder/encoder.safetensors" --stage sequence --epochs 40 --rate 0.002 --schedule cosine --schedule-epochs 0 \
    --variants 8 --patience 0 --out "$folder/six.safetensors"
scored "$folder/six.txt" classify --db "$sim" --split main:test --model "$folder/six.safetensors"
publish sequence "$folder/six.safetensors" "$sim" main:test max_f1,mean_max_f1,auc,mean_auc,accuracy --note limits="$simulated" --note licence=BSD-3-Clause --note data="epochal simulate $survey"

train --net taonet-small --task realbogus --epochs 12 --rate 0.002 --schedule cosine --schedule-epochs 0 --out "$folder/stamps.safetensors"
scored "$folder/stamps.txt" score --db "$sim" --split main:test --model "$folder/stamps.safetensors"
publish realbogus "$folder/stamps.safetensors" "$sim" main:test max_f1,auc,mcc,mdr,fpr,fpr_at_mdr,accuracy --note limits="$simulated" --note licence=BSD-3-Clause --note data="epochal simulate $survey"

npz=$data/hits/hits_dev.npz
if [ -f "$npz" ]; then
    sh tools/hits.sh "$npz"
    cp "$BUILD/hits/hits.safetensors" "$out/"
else
    echo "hits: skipped, there is no $npz"
fi

echo
for model in "$out"/*.safetensors; do
    name=$(basename "$model")
    if cmp -s "$model" "models/$name"; then
        echo "$name: the same bytes as models/$name"
    else
        echo "$name: other bytes than models/$name (compare the processors on the cards)"
    fi
done
