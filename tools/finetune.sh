#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# finetune.sh - binary tasks from the weights of six classes, and from nothing, at equal epochs; what docs/results/finetune.md
# shows. After `make models`, whose survey and weights it takes; about a quarter of an hour on two processors.
set -e
epochal=$BUILD/epochal
folder=$BUILD/models
db=$folder/sim.db
same="--stage joint --epochs 3 --schedule cosine --schedule-epochs 0 --no-balance --class-weights --clip 5 --threads 2 --seed 1 --quiet"

judge() { # WEIGHTS TITLE
    "$epochal" classify --db "$db" --split main:test --model "$1" --quiet > /dev/null || [ $? -eq 3 ]
    echo
    echo "$2"
    "$epochal" evaluate --db "$db" --split main:test --model "$1"
}

judge "$folder/six.safetensors" "six classes"
for task in transient-vs-non sn-vs-non; do
    # shellcheck disable=SC2086 # options are words
    "$epochal" finetune --db "$db" --split main --from "$folder/six.safetensors" --task $task --rate 0.0002 --keep-statistics --out "$folder/$task.tuned.safetensors" $same > /dev/null
    judge "$folder/$task.tuned.safetensors" "$task, from the weights of six classes"
    # shellcheck disable=SC2086
    "$epochal" train --db "$db" --split main --net taonet-small16 --task $task --rate 0.001 --out "$folder/$task.scratch.safetensors" $same > /dev/null
    judge "$folder/$task.scratch.safetensors" "$task, from random weights"
done
