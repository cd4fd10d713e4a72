#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# check_hardening.sh [BUILD] - what the linker and the compiler were asked for, looked up in the command and the library that came
# out: a position that changes from run to run, tables that are read-only once the program runs, no memory to be written and run,
# stacks with a guard, checked copies. BUILD (default build) holds them.
build=${1:-build}
command=$build/epochal
library=$(find "$build" -maxdepth 1 -name 'libepochal.so.*' -type f | sort | tail -1)
bad=0
wrong() {
    echo "$1: $2"
    bad=1
}
# wanted TABLE PATTERN FILE WHAT: TABLE is what readelf printed
wanted() { printf '%s\n' "$1" | grep -Eq "$2" || wrong "$3" "$4"; }
unwanted() { printf '%s\n' "$1" | grep -Eq "$2" && wrong "$3" "$4"; }

for file in "$command" "$library"; do
    [ -f "$file" ] || { wrong "${file:-$build/libepochal.so}" "is not there; make builds it"; continue; }
    header=$(readelf -hW "$file") segments=$(readelf -lW "$file") dynamic=$(readelf -dW "$file") names=$(readelf --dyn-syms -W "$file")
    wanted "$header" 'Type: +DYN' "$file" "can be loaded at one address only"
    wanted "$segments" 'GNU_RELRO' "$file" "no RELRO: tables of addresses stay writable"
    wanted "$dynamic" '\(FLAGS_1\).*NOW|\(BIND_NOW\)' "$file" "no BIND_NOW: functions are looked up while it runs"
    wanted "$segments" 'GNU_STACK.* RW ' "$file" "a stack that can be run"
    unwanted "$segments" 'LOAD.* RWE ' "$file" "memory that can be written and run"
    unwanted "$dynamic" '\(TEXTREL\)' "$file" "code that is changed when it is loaded"
    unwanted "$dynamic" '\((RPATH|RUNPATH)\)' "$file" "folders of libraries of its own"
    wanted "$names" '__stack_chk_fail' "$file" "no guard on any stack"
    wanted "$names" '__(memcpy|snprintf|vsnprintf)_chk' "$file" "no checked copy"
done
[ -f "$command" ] && wanted "$(readelf -dW "$command")" '\(FLAGS_1\).*PIE' "$command" "is not position-independent"
exit $bad
