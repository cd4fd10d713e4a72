#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# demo.sh - the main job on a simulated survey that the shipped models have not seen: classes from image sequences, real or
# bogus from single stamps, and both against the truth; what `make demo` runs.
set -e
epochal=$BUILD/epochal
demo=$BUILD/demo
db=$demo/survey.db
stamps=$demo/candidates.db
rm -rf "$demo"
mkdir -p "$demo"

say() { printf '\n\033[1m%s\033[0m\n' "$1"; }
[ -t 1 ] || say() { printf '\n%s\n' "$1"; }
run() {
    printf '$ epochal'
    printf ' %s' "$@"
    echo
    "$epochal" "$@"
}
# the same, whole into a file and its first lines here
head_of() { # FILE COMMAND...
    file=$1
    shift
    run "$@" > "$file" || [ $? -eq 3 ] # 3: objects with fewer than three nights are named
    head -n 16 "$file"
    echo "... ($(wc -l < "$file") lines in $file)"
}

say "1. A survey: 150 objects of 6 classes, each seen on about 24 nights"
run simulate --db "$db" --objects 150 --nights 24 --visits 2 --side 32 --classes BZ=2,AGN=3,CV=4,OTHER=4,SN=5,NON=6 --light-curves --seed 2026

say "2. What is in it"
run info --db "$db"

say "3. The model that classifies sequences, and where it comes from"
run card sequence

say "4. Classify: three nights at a time through the encoder, the features of all nights through the GRU"
head_of "$demo/classes.txt" classify --db "$db" --model sequence

say "5. Against the truth: how well each class is found, and (a row a true class) what was called what"
run evaluate --db "$db" --model sequence --report "$demo/report.html"
run evaluate --db "$db" --model sequence --confusion
"$epochal" evaluate --db "$db" --model sequence --output json > "$demo/sequence.json"

say "6. Single stamps: 400 candidates with template, science and difference, scored real or bogus, and the scores against the truth"
run simulate --db "$stamps" --real-bogus 400 --side 32 --seed 2026
head_of "$demo/stamps.txt" score --db "$stamps" --model realbogus --output table
run evaluate --db "$stamps" --model realbogus --report "$demo/realbogus.html"
"$epochal" evaluate --db "$stamps" --model realbogus --output json > "$demo/realbogus.json"

say "Where the results are"
echo "  $db, candidates.db      the stores: objects, stamps, scores (try: sqlite3 $db 'SELECT * FROM latest_class_scores LIMIT 6')"
echo "  $demo/classes.txt, stamps.txt          every score"
echo "  $demo/sequence.json, realbogus.json    the figures of steps 5 and 6 in full"
echo "  $demo/report.html, realbogus.html      the same as pages for a browser: curves, calibration, the worst mistakes with their stamps"
echo "Survey and models are simulated: this shows what the tool does, not what it will make of your sky."
