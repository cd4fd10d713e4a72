#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# check.sh - the checks behind `make check`, each named with its verdict; ends with "N passed, N failed".
# CPPFLAGS_OF_BUILD are the build's preprocessor flags, for the tools that read the sources as the compiler does.
log=$(mktemp)
trap 'rm -f "$log"' EXIT
passed=0 failed=0
jobs=$(nproc)

check() {
    name=$1
    shift
    start=$(date +%s)
    if "$@" >"$log" 2>&1; then
        verdict=ok passed=$((passed + 1))
    else
        verdict=FAILED failed=$((failed + 1))
        cat "$log"
    fi
    printf '%-44s %s (%d s)\n' "$name" "$verdict" $(($(date +%s) - start))
}

warnings() {
    make --no-print-directory -j"$jobs" BUILD=build/check WERROR=-Werror everything
}

# each public header alone, as C and as C++
headers() {
    bad=0
    for header in include/epochal/*.h; do
        # the declaration is there because ISO C wants one, and version.h has none
        text=$(printf '#include "%s"\nextern int epo_check_header;\n' "${header#include/}")
        echo "$text" | gcc -std=c17 -Wall -Wextra -Werror -pedantic -Iinclude -fsyntax-only -x c - || bad=1
        echo "$text" | g++ -std=c++17 -Wall -Wextra -Werror -pedantic -Iinclude -fsyntax-only -x c++ - || bad=1
    done
    return $bad
}

shell_syntax() {
    bad=0
    for script in tools/*.sh tests/*.sh tests/*/*.sh; do sh -n "$script" || bad=1; done
    bash -n .ci/run || bad=1
    return $bad
}

run_cppcheck() {
    cppcheck --quiet -j "$jobs" --std=c11 --language=c --enable=warning,performance,portability --inline-suppr \
        --suppressions-list=.cppcheck --error-exitcode=1 -D__GNUC__ -D_GNU_SOURCE -Iinclude -Isrc -Ibuild/generated src tools
}

run_clang_tidy() {
    # one file at a time: clang-tidy 14 mistakes every va_list after the first file's
    # shellcheck disable=SC2086 # flags are words
    find src tools -name '*.c' | sort | xargs -P "$jobs" -n 1 sh -c \
        'exec clang-tidy --quiet --warnings-as-errors="*" "$1" -- -std=c17 $0 2>/dev/null' "$CPPFLAGS_OF_BUILD"
}

check "includes follow the ranks" sh tools/check_includes.sh
check "no banned call, no unchecked product" sh tools/check_banned.sh
check "shell scripts parse" shell_syntax
check "public headers stand alone, in C and C++" headers
check "no compiler warning" warnings
check "command and library are hardened" sh tools/check_hardening.sh build/check
check "cppcheck" run_cppcheck
check "clang-tidy" run_clang_tidy
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
