#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# check_words.sh [FOLDER] - calls that the house does without: unbounded copies, parsing without errors, shells; in the
# library also printing and ending the process, which are the caller's to decide. Comments and strings do not count.
cd "${1:-.}" || exit 1
everywhere='strcpy|stpcpy|strcat|sprintf|vsprintf|gets|atoi|atol|atoll|atof|scanf|strtok|system|popen|tmpnam|mktemp|alloca|rand|srand'
library='printf|vprintf|puts|putchar|perror|exit|_exit|_Exit|quick_exit|abort|setlocale|setenv|unsetenv|putenv'
words() {
    # $1: the words; then the files. Comments and literals are blanked, line numbers stay.
    list=$1
    shift
    awk -v list="$list" '
    FNR == 1 { comment = 0 }
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
        if (match(out, "(^|[^A-Za-z0-9_.>])(" list ")[[:space:]]*\\(")) {
            print FILENAME ":" FNR ": " $0; bad = 1
        }
        if (match(out, "(^|[^A-Za-z0-9_])(TODO|FIXME|XXX)([^A-Za-z0-9_]|$)")) { print FILENAME ":" FNR ": " $0; bad = 1 }
    }
    END { exit bad }' "$@"
}
status=0
# shellcheck disable=SC2046 # no blanks in our names
words "$everywhere" $(find src tools include -name '*.[ch]') || status=1
# shellcheck disable=SC2046
words "$library" $(find src -name '*.[ch]') || status=1
exit $status
