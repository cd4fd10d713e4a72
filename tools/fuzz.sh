#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# fuzz.sh FOLDER ONLY - libFuzzer over the targets of tests/fuzz (ONLY: one of them, or *): $FUZZ_RUNS inputs each (5,000,000), none of
# which may take over 1 s of the processor or allocate over 64 MiB at once; FUZZ_SECONDS ends each target earlier. New inputs that reach
# new code are kept in FOLDER/corpus/NAME, findings in FOLDER/found/NAME.
folder=$1 only=$2
runs=${FUZZ_RUNS:-5000000}
bad=0
"$folder/fuzz" --targets >"$folder/targets" || exit 1
while read -r name size; do
    # shellcheck disable=SC2254 # a pattern on purpose
    case $name in $only) ;; *) continue ;; esac
    mkdir -p "$folder/corpus/$name" "$folder/found/$name"
    "$folder/fuzz" --words "$name" >"$folder/$name.dict"
    # rss: what the program and the sanitizer's own bookkeeping need comes on top of the 64 MiB; freed memory is held back for a while
    FUZZ_TARGET=$name ASAN_OPTIONS=detect_leaks=1:quarantine_size_mb=8:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1 \
        "$folder/fuzz" -runs="$runs" -max_len="$size" -timeout=60 -malloc_limit_mb=64 -rss_limit_mb=1024 -dict="$folder/$name.dict" \
        -artifact_prefix="$folder/found/$name/" -print_final_stats=1 ${FUZZ_SECONDS:+-max_total_time=$FUZZ_SECONDS} \
        "$folder/corpus/$name" "tests/fuzz/corpus/$name" >"$folder/$name.log" 2>&1 </dev/null
    status=$?
    ran=$(sed -n 's/^stat::number_of_executed_units: *//p' "$folder/$name.log")
    covered=$(grep -o 'cov: [0-9]* ft: [0-9]*' "$folder/$name.log" | tail -1)
    verdict=ok
    [ $status -eq 0 ] || { verdict="FOUND something: $folder/$name.log" bad=1; }
    printf '%-12s %9s inputs  %-22s %s\n' "$name" "${ran:-?}" "$covered" "$verdict"
done <"$folder/targets"
exit $bad
