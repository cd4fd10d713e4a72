#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# check_banned.sh [FOLDER] - calls that the house does without: unbounded copies, parsing without errors, shells, names of temporary
# files made before the file; in the library also printing and ending the process, which are the caller's to decide. And products
# in the arguments of an allocation, which may overflow: epo__product(a, b) of base/memory.h is the checked one (a number or a
# constant times a sizeof cannot). A product that was put into a variable first is not seen here: -Wconversion and the readers'
# limits are what stands against those. Comments and strings do not count.
cd "${1:-.}" || exit 1
everywhere='strcpy|stpcpy|strcat|sprintf|vsprintf|gets|atoi|atol|atoll|atof|scanf|strtok|system|popen|tmpnam|tempnam|mktemp|alloca|rand|srand'
library='printf|vprintf|puts|putchar|perror|exit|_exit|_Exit|quick_exit|abort|setlocale|setenv|unsetenv|putenv'
allocations='malloc|calloc|realloc|reallocarray|aligned_alloc|epo__alloc|epo__alloc_aligned|epo__grow|epo__strndup|strndup'
# The awk that follows sees each line with comments and literals blanked as `out`.
blanked='
    FNR == 1 { comment = 0; depth = 0 }
    {
        line = $0; out = ""
        while (length(line)) {
            if (comment) {
                end = index(line, "*/")
                if (!end) { line = ""; break }
                line = substr(line, end + 2); comment = 0
            } else if (match(line, /^"(\\.|[^"\\])*"/) || match(line, /^'\''(\\.|[^'\''\\])*'\''/)) { out = out " "; line = substr(line, RLENGTH + 1) }
            else if (substr(line, 1, 2) == "/*") { comment = 1; line = substr(line, 3) }
            else if (substr(line, 1, 2) == "//") line = ""
            else { out = out substr(line, 1, 1); line = substr(line, 2) }
        }
    }'
words() {
    # $1: the words; then the files
    list=$1
    shift
    awk -v list="$list" "$blanked"'
    {
        if (match(out, "(^|[^A-Za-z0-9_.>])(" list ")[[:space:]]*\\(")) { print FILENAME ":" FNR ": " $0; bad = 1 }
        if (match(out, "(^|[^A-Za-z0-9_])(TODO|FIXME|XXX)([^A-Za-z0-9_]|$)")) { print FILENAME ":" FNR ": " $0; bad = 1 }
    }
    END { exit bad }' "$@"
}
products() {
    # the files; each call of an allocation is gathered over its lines until its brackets are closed
    awk -v list="$allocations" "$blanked"'
    function look(arguments,    text) {
        text = arguments
        gsub(/\([A-Za-z_][A-Za-z0-9_ ]*\*+\)/, "", text)                                     # casts to a pointer
        gsub(/([A-Z][A-Z0-9_]*|[0-9]+)[[:space:]]*\*[[:space:]]*sizeof/, "sizeof", text)     # constant * sizeof
        gsub(/sizeof[[:space:]]*\**[[:space:]]*/, "", text)                                  # sizeof *x, sizeof **x
        gsub(/(^|[(,?:=!&|<>+-])[[:space:]]*\*+/, "(", text)                                 # what a pointer points to
        if (text ~ /[])A-Za-z0-9_][[:space:]]*\*/) { print FILENAME ":" from ": a product is allocated: " arguments; bad = 1 }
    }
    {
        rest = out
        while (length(rest)) {
            if (!depth) {
                if (!match(rest, "(^|[^A-Za-z0-9_.>])(" list ")[[:space:]]*\\(")) break
                rest = substr(rest, RSTART + RLENGTH); depth = 1; call = ""; from = FNR
            }
            for (at = 1; at <= length(rest) && depth; at++) {
                c = substr(rest, at, 1)
                depth += (c == "(") - (c == ")")
                if (depth) call = call c
            }
            rest = substr(rest, at)
            if (!depth) look(call)
        }
        if (depth) call = call " "
    }
    END { exit bad }' "$@"
}
status=0
# shellcheck disable=SC2046 # no blanks in our names
words "$everywhere" $(find src tools include -name '*.[ch]') || status=1
# shellcheck disable=SC2046
words "$library" $(find src -name '*.[ch]') || status=1
# shellcheck disable=SC2046 # base/memory.[ch] are the checked ones
products $(find src tools include -name '*.[ch]' ! -path src/base/memory.c ! -path src/base/memory.h) || status=1
exit $status
