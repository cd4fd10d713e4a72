#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# run.sh PROGRAM... - runs cmocka test programs one after the other; ends with "N passed, N failed, N skipped".
# EPOCHAL_UNDER="valgrind ..." runs them under another program; EPOCHAL_SHOW=1 shows what they say of what they did.
passed=0 failed=0 skipped=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# thousands of small files are written and thrown away: in memory where there is such a folder
if [ -z "$TMPDIR" ] && [ -w /dev/shm ]; then export TMPDIR=/dev/shm; fi
for program in "$@"; do
    # shellcheck disable=SC2086 # words on purpose
    timeout "${TEST_TIMEOUT:-600}" $EPOCHAL_UNDER "$program" >"$log" 2>&1
    status=$?
    p=$(grep -c '^\[       OK \]' "$log")
    s=$(grep -c '^\[  SKIPPED \] [a-z]' "$log")
    f=$(grep -c '^\[  FAILED  \] [a-z]' "$log")
    # cmocka names each failed test twice: once when it fails, once in its closing list
    f=$((f / 2))
    # a program that crashed, hung, or tested nothing has failed, whatever it printed before
    if [ $status -ne 0 ] && [ $f -eq 0 ]; then f=1; fi
    if [ $((p + s + f)) -eq 0 ]; then f=1 status=1; fi
    [ $status -eq 0 ] || { echo "--- $program (exit $status)"; cat "$log"; }
    [ -z "$EPOCHAL_SHOW" ] || grep -v '^\[' "$log"
    # a skipped test is named twice as well, in programs of some versions of cmocka
    [ "$(grep -c '^\[  SKIPPED \] [0-9]' "$log")" -eq 0 ] || s=$((s / 2))
    printf '%-44s %3d passed %3d failed %3d skipped\n' "${program##*/tests/}" "$p" "$f" "$s"
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
done
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
