#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# check_includes.sh [FOLDER] - who includes whom, against the table of ranks in ARCHITECTURE.md. Names each stray include.
# FOLDER (default .) is the top of the sources: a test gives a made-up one.
cd "${1:-.}" || exit 1
{
    sed -n '/^## Ranks/,/^## [^R]/p' ARCHITECTURE.md | grep '^| [0-9]' | tr -d '`' | sed 's/^/T/'
    find src tools/epochal -name '*.[ch]' | sort | while read -r file; do
        sed -n "s|^[[:space:]]*#[[:space:]]*include[[:space:]]*\([<\"][^>\"]*\)[>\"].*|I\|$file\|\1|p" "$file"
    done
    find src tools/epochal -name '*.[ch]' | sed 's/^/F|/'
} | awk -F'|' '
function folder_of(path,    n, part) {
    if (path ~ /^tools\/epochal\//) return "tools/epochal"
    n = split(path, part, "/")
    return n > 2 ? part[2] : ""
}
function stray(file, header, why) { print file ": includes " header ": " why; bad++ }
/^T/ {
    gsub(/ /, "", $2); gsub(/ /, "", $3)
    folder = $3; rank[folder] = $2; folders++
    n = split($5, names, /[ ,]+/)
    for (i = 1; i <= n; i++) if (names[i] != "") may[folder, names[i]] = 1
    n = split($6, names, /[ ,]+/)
    for (i = 1; i <= n; i++) if (names[i] != "") owner[names[i]] = folder
    next
}
/^F/ { exists[$2] = 1; next }
/^I/ { file[++count] = $2; header[count] = $3; next }
END {
    if (folders < 5) { print "ARCHITECTURE.md: there is no table of ranks"; exit 1 }
    for (key in may) {
        split(key, pair, SUBSEP)
        if (!(pair[2] in rank)) { print "ARCHITECTURE.md: " pair[1] " may include " pair[2] ", which is no folder"; bad++ }
        else if (rank[pair[2]] >= rank[pair[1]]) { print "ARCHITECTURE.md: " pair[1] " may include " pair[2] " of no lower rank"; bad++ }
    }
    for (i = 1; i <= count; i++) {
        f = file[i]; here = folder_of(f); quoted = substr(header[i], 1, 1) == "\""; h = substr(header[i], 2)
        if (!(here in rank)) { stray(f, h, "its folder is not in the table of ranks"); continue }
        for (o in owner)
            if ((h == o || (o ~ /\/$/ && index(h, o) == 1)) && owner[o] != here) stray(f, h, "belongs to " owner[o] " alone")
        if (!quoted) continue
        if (h ~ /\.\./) { stray(f, h, "leaves its folder"); continue }
        if (h ~ /^epochal\//) continue
        n = split(h, part, "/")
        if (n == 1) {
            directory = f; sub(/[^\/]*$/, "", directory)
            if (!((directory h) in exists) && owner[h] != here) stray(f, h, "is not beside it")
        } else if (here == "tools/epochal") stray(f, h, "the command sees include/epochal only")
        else if (part[1] != here && !((here, part[1]) in may)) stray(f, h, here " may not include " part[1])
    }
    exit bad > 0
}'
