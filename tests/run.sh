#!/bin/sh
# Runs cmocka test programs one after the other and ends with one line: "N passed, N failed, N skipped".
# SPDX-License-Identifier: BSD-3-Clause
passed=0 failed=0 skipped=0
for program in "$@"; do
    log=$(mktemp)
    "$program" >"$log" 2>&1
    status=$?
    p=$(grep -c '^\[       OK \]' "$log")
    s=$(grep -c '^\[  SKIPPED \] [a-z]' "$log")
    f=$(grep -c '^\[  FAILED  \] [a-z]' "$log")
    # cmocka names each failed test twice: once when it fails, once in its closing list
    f=$((f / 2))
    if [ $status -ne 0 ] && [ $f -eq 0 ]; then f=1; fi
    [ $status -eq 0 ] || { echo "--- $program (exit $status)"; cat "$log"; }
    printf '%-44s %3d passed %3d failed %3d skipped\n' "${program##*/tests/}" "$p" "$f" "$s"
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    rm -f "$log"
done
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
