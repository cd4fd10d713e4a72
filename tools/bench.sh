#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# bench.sh - the benchmarks of `make bench`: prints them, and writes them as tables to docs/results/bench.md ($BENCH_OUT).
#
# Peers are measured beside ours where they are: PyTorch and scikit-learn for /usr/bin/python3, ONNX Runtime through node
# (`npm install onnxruntime-node` into the folder of the benchmarks, unless $EPOCHAL_PEERS has it), all of them with the
# network of $EPOCHAL_PEERS/taonet_torch.py (else ../shared/peers). $EPOCHAL_PYTHON and $EPOCHAL_ORT_PYTHON name a Python that
# has PyTorch and scikit-learn, or onnxruntime, instead. What is not there is skipped, by name. Ours is measured before and
# after theirs, and the slower of ours is compared.
#
# Models have random weights: speed does not depend on their values. Real alerts are measured where their folder is
# ($EPOCHAL_DATA, else ../shared/data); the rest makes its own input.
#
#   ONLY=train      one section alone: encoder, narrow, gru, train, alerts, stamp, startup, import, sequence or forest; prints, and
#                   writes no file unless BENCH_OUT names one
#   BENCH_SECONDS   of each measurement (2)
#   BENCH_SIDES, BENCH_BATCHES, BENCH_THREADS   of the encoder ("64 32 16", "1 8 32", "1" and all processors)
#   BENCH_TRAIN_BATCHES   of training ("8 32")
set -e
epochal=$BUILD/epochal
folder=${BENCH_FOLDER:-$BUILD/bench}
data=${EPOCHAL_DATA:-../shared/data}
peers=${EPOCHAL_PEERS:-../shared/peers}
seconds=${BENCH_SECONDS:-2}
sides=${BENCH_SIDES:-64 32 16}
batches=${BENCH_BATCHES:-1 8 32}
all=$(nproc)
threads=${BENCH_THREADS:-$all 1}
python=${EPOCHAL_PYTHON:-/usr/bin/python3}
mkdir -p "$folder"
rm -f "$folder"/page-*.md
TMPDIR=$folder
export TMPDIR

[ "$ONLY" != "*" ] || ONLY=
wanted() { [ -z "$ONLY" ] || [ "$ONLY" = "$1" ]; }
say() { echo "$*" | tee -a "$page"; }
note() { echo "$*" >&2; }
model() { [ -f "$folder/$1.safetensors" ] || "$epochal" models --quiet --net "models/$1.net" --init "$folder/$1.safetensors"; }

# --- reading what the command prints ---------------------------------------------------------------------------------

# The column $1 of a CSV with one row, or of its row whose second column is $2.
column() {
    awk -F, -v name="$1" -v row="$2" '{ sub("\r$", "") }
        NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i }
        NR > 1 && (row == "" || $2 == row) { print $c; exit }'
}
# The value of measure $1 among rows of benchmark,measure,value,unit,...
measure() { tr -d '\r' | awk -F, -v name="$1" '$2 == name { print $3; exit }'; }
slower() { awk -v a="$1" -v b="$2" 'BEGIN { print (a < b ? a : b) }'; }    # of two rates
longer() { awk -v a="$1" -v b="$2" 'BEGIN { print (a > b ? a : b) }'; }    # of two times
# "2.31" for $1 / $2; nothing where one is missing
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { if (a > 0 && b > 0) printf "%.2f", a / b }'; }
cell() { if [ -n "$1" ]; then echo "$1"; else echo "-"; fi; }

# --- peers -------------------------------------------------------------------------------------------------------------

has_torch=
has_sklearn=
ort= # a command
find_ort() {
    if [ -n "$EPOCHAL_ORT_PYTHON" ]; then
        ort="$EPOCHAL_ORT_PYTHON tools/bench_ort.py"
        return
    fi
    ort_folder=
    for place in "$peers" "$folder/node"; do
        if [ -d "$place/node_modules/onnxruntime-node" ]; then ort_folder=$place; fi
    done
    if [ -z "$ort_folder" ] && command -v node >/dev/null && command -v npm >/dev/null; then
        mkdir -p "$folder/node"
        timeout 180 npm install --silent --no-audit --no-fund --prefix "$folder/node" onnxruntime-node >"$folder/npm.log" 2>&1 || true
        [ ! -d "$folder/node/node_modules/onnxruntime-node" ] || ort_folder=$folder/node
    fi
    [ -z "$ort_folder" ] || ort="node tools/bench_ort.js $ort_folder"
}
find_peers() {
    if [ ! -f "$peers/taonet_torch.py" ]; then
        note "PyTorch and ONNX Runtime: skipped, there is no $peers/taonet_torch.py"
    elif ! "$python" -c "import torch" 2>/dev/null; then
        note "PyTorch and ONNX Runtime: skipped, PyTorch is not there for $python (and exports the network)"
    else
        has_torch=1
    fi
    if "$python" -c "import sklearn" 2>/dev/null; then has_sklearn=1; else note "scikit-learn: skipped, it is not there for $python"; fi
    [ -n "$has_torch" ] && { wanted encoder || wanted narrow; } || return 0
    find_ort
    if [ -n "$ort" ] && ! $ort version >/dev/null 2>&1; then ort=; fi
    [ -n "$ort" ] || note "ONNX Runtime: skipped, npm install onnxruntime-node needs node, npm and a network ($folder/npm.log)"
    if [ -n "$ort" ] && ! "$python" -c "import onnx" 2>/dev/null; then
        note "ONNX Runtime: skipped, python3-onnx is not there to export the network"
        ort=
    fi
}

# PyTorch with the allocator and the threads that suit it best; nothing when it fails
torch() {
    allocator=$(/sbin/ldconfig -p | sed -n 's/.*libjemalloc\.so\.2 .*=> //p' | head -n 1)
    OMP_PROC_BIND=true LD_PRELOAD=$allocator timeout 120 "$python" tools/bench_torch.py "$peers" "$@" 2>>"$folder/torch.log" || note "PyTorch failed: $folder/torch.log"
}

# Triplets a second of ONNX Runtime: side, batch, threads
ort_rate() {
    onnx=$folder/taonet-$1-$2.onnx
    [ -f "$onnx" ] || torch onnx "$1" "$2" "$onnx" >/dev/null
    # shellcheck disable=SC2086 # a command and its first words
    timeout 120 $ort "$onnx" "$2" 3 "$1" "$3" "$seconds" 2>>"$folder/ort.log" || note "ONNX Runtime failed: $folder/ort.log"
}

# --- sections ----------------------------------------------------------------------------------------------------------

machine() {
    fact() { lscpu | sed -n "s/^$1: *//p" | head -n 1; }
    say "Processor: $(fact 'Model name'), $all processors here, second-level cache $(fact 'L2 cache') in all; $("$epochal" doctor --quiet -o csv | sed -n 's/^vector units,"\{0,1\}\([^"]*\).*/\1/p' | tr -d '\r')."
    versions=$("$epochal" doctor --quiet -o csv | tr -d '\r' | awk -F, '$1 == "oneDNN" { sub("^\"", "", $2); print "oneDNN " $2 }')
    peers_here=
    [ -z "$has_torch" ] || peers_here="$peers_here, PyTorch $("$python" -c 'import torch; print(torch.__version__)')"
    [ -z "$ort" ] || peers_here="$peers_here, ONNX Runtime $($ort version)"
    [ -z "$has_sklearn" ] || peers_here="$peers_here, scikit-learn $("$python" -c 'import sklearn; print(sklearn.__version__)')"
    say "Versions: $("$epochal" version | head -n 1), $versions$peers_here."
    say "Load at the beginning: $(cut -d ' ' -f 1 /proc/loadavg); each measurement took about $seconds s."
}

encoder_ours() { "$epochal" bench encoder --quiet --net taonet --size "$1" --batch "$2" --threads "$3" --precision "$4" --seconds "$seconds" -o csv >"$folder/encoder.csv"; }

encoder() {
    say "## Encoder alone"
    say ""
    say "Triplets a second through TAO-Net's encoder (growth 32, depth 70) in float32, random pixels; \`epochal bench encoder --size S --batch B --threads T\`. Ours before and after the peers, ratios with the slower. The share is of the rate of multiplying float32 matrices measured with it, convolutions counted as plain sums: Winograd's make fewer, so it can be over 100 %."
    say ""
    say "| pixels | batch | threads | ours | again | share | MiB | PyTorch | ratio | ONNX Runtime | ratio |"
    say "|---|---|---|---|---|---|---|---|---|---|---|"
    for t in $threads; do
        for side in $sides; do
            if [ "$t" != "$all" ] && [ "$side" != 64 ] && [ -z "$BENCH_THREADS" ]; then continue; fi # one thread: the full size alone
            for batch in $batches; do
                encoder_ours "$side" "$batch" "$t" f32
                first=$(column triplets_per_s <"$folder/encoder.csv")
                share=$(column share_percent <"$folder/encoder.csv")
                mib=$(column peak_mib <"$folder/encoder.csv")
                pytorch=
                theirs=
                [ -z "$has_torch" ] || pytorch=$(torch infer "$side" "$batch" "$t" "$seconds")
                [ -z "$ort" ] || theirs=$(ort_rate "$side" "$batch" "$t")
                encoder_ours "$side" "$batch" "$t" f32
                again=$(column triplets_per_s <"$folder/encoder.csv")
                ours=$(slower "$first" "$again")
                say "| $side | $batch | $t | $first | $again | $share % | $mib | $(cell "$pytorch") | $(cell "$(ratio "$ours" "$pytorch")") | $(cell "$theirs") | $(cell "$(ratio "$ours" "$theirs")") |"
            done
        done
    done
    say ""
}

fast_bf16() { "$epochal" doctor --quiet -o csv | grep -q '^fast precisions.*bf16'; }

# In narrow numbers, where the processor is fast at them; the peers once for both
narrow() {
    if ! fast_bf16; then
        note "narrow: skipped, this processor is slow at bfloat16"
        return
    fi
    say "## Encoder in bfloat16 and whole numbers of 8 bits"
    say ""
    say "As above with \`--precision\`; beside PyTorch in bfloat16 (autocast) and ONNX Runtime in float32."
    say ""
    say "| pixels | batch | threads | bf16 | again | int8 | again | PyTorch bf16 | bf16 / it | ONNX Runtime f32 | bf16 / it | int8 / it |"
    say "|---|---|---|---|---|---|---|---|---|---|---|---|"
    for side in $sides; do
        for batch in $batches; do
            pytorch=
            theirs=
            for p in bf16 int8; do
                encoder_ours "$side" "$batch" "$all" $p
                column triplets_per_s <"$folder/encoder.csv" >"$folder/$p.before"
            done
            [ -z "$has_torch" ] || pytorch=$(torch infer "$side" "$batch" "$all" "$seconds" bf16)
            [ -z "$ort" ] || theirs=$(ort_rate "$side" "$batch" "$all")
            for p in bf16 int8; do
                encoder_ours "$side" "$batch" "$all" $p
                column triplets_per_s <"$folder/encoder.csv" >"$folder/$p.after"
            done
            first=$(cat "$folder/bf16.before")
            again=$(cat "$folder/bf16.after")
            first8=$(cat "$folder/int8.before")
            again8=$(cat "$folder/int8.after")
            ours=$(slower "$first" "$again")
            say "| $side | $batch | $all | $first | $again | $first8 | $again8 | $(cell "$pytorch") | $(cell "$(ratio "$ours" "$pytorch")") | $(cell "$theirs") | $(cell "$(ratio "$ours" "$theirs")") | $(cell "$(ratio "$(slower "$first8" "$again8")" "$theirs")") |"
        done
    done
    say ""
}

gru() {
    say "## Sequence head alone"
    say ""
    say "Two GRUs of 128 over features of 632, milliseconds; 32 sequences of 5 to 40 steps (732 in all), and one of 22; \`epochal bench gru\`. A training step is forward, cross entropy, backward, Adam."
    say ""
    say "| work | sequences | threads | ours | again | sequences/s | PyTorch | ratio |"
    say "|---|---|---|---|---|---|---|---|"
    for batch in 1 32; do
        theirs=
        "$epochal" bench gru --batch $batch --seconds "$seconds" -o csv >"$folder/gru.before"
        [ -z "$has_torch" ] || theirs=$(torch gru $batch "$all" "$seconds")
        "$epochal" bench gru --batch $batch --seconds "$seconds" -o csv >"$folder/gru.after"
        k=1
        for work in forward "training step"; do
            first=$(column median_ms "$work" <"$folder/gru.before")
            again=$(column median_ms "$work" <"$folder/gru.after")
            their=$(echo "$theirs" | cut -d ' ' -f $k)
            say "| $work | $batch | $all | $first | $again | $(column sequences_per_s "$work" <"$folder/gru.before") | $(cell "$their") | $(cell "$(ratio "$their" "$(longer "$first" "$again")")") |"
            k=$((k + 1))
        done
    done
    say ""
}

train_ours() { "$epochal" bench train --net "$1" --batch "$2" --precision "$3" --rounds 3 -o csv >"$folder/train.csv"; }

train() {
    say "## Training"
    say ""
    say "Triplets a second of steps of the encoder with its head: loading, forward, cross entropy, backward, Adam; \`epochal bench train --net NET --batch B --precision P\`. PyTorch's steps load nothing. The share counts three times the sums of a forward pass. bf16: ours computes the 1 x 1 convolutions of dense blocks in it, PyTorch all convolutions (autocast)."
    say ""
    say "| network | pixels | batch | precision | ours | again | share | MiB | PyTorch | ratio |"
    say "|---|---|---|---|---|---|---|---|---|---|"
    precisions=f32
    if fast_bf16; then precisions="f32 bf16"; fi
    for batch in ${BENCH_TRAIN_BATCHES:-8 32}; do
        for side in $sides; do
            net=taonet$side
            [ "$side" != 64 ] || net=taonet
            for p in $precisions; do
                train_ours $net "$batch" $p
                first=$(measure rate <"$folder/train.csv")
                share=$(measure "share of it" <"$folder/train.csv")
                mib=$(measure "peak memory" <"$folder/train.csv")
                theirs=
                [ -z "$has_torch" ] || theirs=$(torch train "$side" "$batch" "$all" "$seconds" $p)
                train_ours $net "$batch" $p
                again=$(measure rate <"$folder/train.csv")
                say "| $net | $side | $batch | $p | $first | $again | $share % | $mib | $(cell "$theirs") | $(cell "$(ratio "$(slower "$first" "$again")" "$theirs")") |"
            done
        done
    done
    say ""
}

# A row of the table of jobs: what, command, and measures of it
job() {
    say "| $1 | \`epochal bench $2\` | $3 | $4 |"
}

# How often alerts are scored: 294 files take a fifth of a second
alert_rounds() { awk -v s="$seconds" 'BEGIN { print 1 + int(5 * s) }'; }

alerts() {
    if [ ! -d "$data/ztf/alerts" ]; then
        note "alerts: skipped, there is no $data/ztf/alerts"
        return
    fi
    model braai
    for t in $(echo "$all 1" | tr ' ' '\n' | sort -rnu); do
        "$epochal" bench alerts --model "$folder/braai.safetensors" --threads "$t" --rounds "$(alert_rounds)" "$data/ztf/alerts" -o csv >"$folder/alerts.csv"
        job "ZTF alerts, Avro files to braai's scores, $t threads" "alerts" "$(measure rate <"$folder/alerts.csv") alerts/s" "$(measure "peak memory" <"$folder/alerts.csv")"
    done
    one=$(find "$data/ztf/alerts" -name '*.avro' | sort | head -n 1)
    "$epochal" bench stamp --model "$folder/braai.safetensors" --threads 1 --rounds 200 "$one" -o csv >"$folder/stamp.csv"
    job "one alert, from its file to its score, the model being loaded" "stamp --threads 1 ALERT" "$(measure median <"$folder/stamp.csv") ms" "$(measure "peak memory" <"$folder/stamp.csv")"
}

stamp() {
    model braai
    "$epochal" bench stamp --model "$folder/braai.safetensors" --threads 1 --rounds 200 -o csv >"$folder/stamp.csv"
    job "one stamp, from its npy file to its score, the model being loaded" "stamp --threads 1" "$(measure median <"$folder/stamp.csv") ms" "$(measure "peak memory" <"$folder/stamp.csv")"
}

startup() {
    model braai
    "$epochal" bench startup --model "$folder/braai.safetensors" --rounds 20 -o csv >"$folder/startup.csv"
    job "from starting the program to its first score" "startup" "$(measure median <"$folder/startup.csv") ms" "-"
}

# 240 objects with 120 images each: 28,800 stamps
import() {
    [ -d "$folder/survey" ] || "$BUILD/make_survey" "$folder/survey" 40 30 64
    "$epochal" bench import --format tao "$folder/survey" --rounds 3 -o csv >"$folder/import.csv"
    job "import of 28,800 Deep-TAO stamps of 64 x 64" "import --format tao" "$(measure rate <"$folder/import.csv") stamps/s" "$(measure "peak memory" <"$folder/import.csv")"
}

# The rate of a store's sequences, and that of the encoder alone, on one thread a sequence as the workers do it. A thread's
# rate times the threads is what there would be with nothing to read.
sequence() {
    [ -f "$folder/sequence.db" ] || "$epochal" simulate --quiet --db "$folder/sequence.db" --objects 24 --nights 60 --side 64 >/dev/null
    for net in taonet-small taonet16 taonet; do
        model $net
        rounds=3
        [ $net != taonet ] || rounds=1
        "$epochal" bench encoder --net $net --batch 20 --seconds "$seconds" -o csv >"$folder/encoder.csv"
        first=$(column triplets_per_s <"$folder/encoder.csv")
        "$epochal" bench sequence --model "$folder/$net.safetensors" --db "$folder/sequence.db" --rounds $rounds -o csv >"$folder/sequence.csv"
        "$epochal" bench encoder --net $net --batch 20 --seconds "$seconds" -o csv >"$folder/encoder.csv"
        again=$(column triplets_per_s <"$folder/encoder.csv")
        rate=$(measure rate <"$folder/sequence.csv")
        part=$(awk -v r="$rate" -v a="$first" -v b="$again" 'BEGIN { if (a + b > 0) printf "%.0f", 200 * r / (a + b) }')
        job "sequences of a store, 60 nights of 64 x 64 pixels, $net: stamps to classes" "sequence" "$rate triplets/s: $part % of the encoder alone ($first, $again)" "$(measure "peak memory" <"$folder/sequence.csv")"
    done
}

jobs_begin() {
    say "## From files and stores to results"
    say ""
    say "| what | command | result | MiB |"
    say "|---|---|---|---|"
}

forest() {
    if [ -z "$has_sklearn" ]; then
        note "forest: skipped, scikit-learn makes the table"
        return
    fi
    table=$folder/forest.csv
    [ -f "$table" ] || "$python" tools/bench_forest.py make "$table"
    say "## Forests"
    say ""
    say "9,000 rows of 60 features, 6 classes, 200 trees; \`epochal bench forest\`. scikit-learn with n_jobs=$all."
    say ""
    say "| work | ours | again | scikit-learn | ratio |"
    say "|---|---|---|---|---|"
    "$epochal" bench forest --trees 200 --rounds 3 "$table" -o csv >"$folder/forest.before"
    "$python" tools/bench_forest.py time "$table" 200 "$all" 2 >"$folder/forest.theirs"
    "$epochal" bench forest --trees 200 --rounds 3 "$table" -o csv >"$folder/forest.after"
    k=1
    for work in "training:s" "prediction:ms" "one row:us"; do
        name="${work%:*} median"
        # the measure's name has a comma in it, so it is quoted
        value() { tr -d '\r' <"$1" | sed -n "s/^forest,\"${work%:*}, median\",\([^,]*\),.*/\1/p"; }
        first=$(value "$folder/forest.before")
        again=$(value "$folder/forest.after")
        their=$(sed -n "${k}p" "$folder/forest.theirs" | cut -d ' ' -f 1)
        say "| ${name% median} | $first ${work#*:} | $again ${work#*:} | $their ${work#*:} | $(ratio "$their" "$(longer "$first" "$again")") |"
        k=$((k + 1))
    done
    say ""
}

# --- the run -----------------------------------------------------------------------------------------------------------

find_peers
page=$folder/page-1.md
machine
page=$folder/page-2.md
if wanted encoder; then encoder; fi
if wanted narrow; then narrow; fi
if wanted gru; then gru; fi
if wanted train; then train; fi
begun=
for name in alerts stamp startup import sequence; do
    wanted $name || continue
    [ -n "$begun" ] || jobs_begin
    begun=1
    $name
done
[ -z "$begun" ] || say ""
if wanted forest; then forest; fi

out=$BENCH_OUT
[ -n "$out" ] || [ -n "$ONLY" ] || out=docs/results/bench.md
[ -n "$out" ] || exit 0
{
    echo "# What \`make bench\` measured"
    echo
    echo "Written by \`make bench\` (\`tools/bench.sh\`, which says how). Medians; ratios are within this run, with the slower of ours from before and after the peer."
    echo
    cat "$folder/page-1.md"
    echo
    cat "$folder/page-2.md"
} >"$out.new"
mv "$out.new" "$out"
note "written: $out"
