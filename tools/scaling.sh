#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# scaling.sh - how the cost of classifying grows with the number of objects and of nights: `make scaling`.
#
# Simulates stores, classifies each (epochal bench sequence: the median of the rounds after one that warms up), and writes
# docs/results/scaling.md, .csv and .svg ($SCALING_OUT names another file than scaling.md). The network is small
# ($SCALING_NET, taonet-small16), so that reading, normalising and writing weigh as much as they ever can.
#
#   SCALING_OBJECTS  numbers of objects, of 30 nights each ("100 200 400 800")
#   SCALING_NIGHTS   numbers of nights, of 100 objects ("15 30 60 120 240")
#   SCALING_ROUNDS   3
set -e
epochal=$BUILD/epochal
folder=$BUILD/bench
net=${SCALING_NET:-taonet-small16}
objects=${SCALING_OBJECTS:-100 200 400 800}
nights=${SCALING_NIGHTS:-15 30 60 120 240}
rounds=${SCALING_ROUNDS:-3}
out=${SCALING_OUT:-docs/results/scaling.md}
csv=${out%.md}.csv
svg=${out%.md}.svg
mkdir -p "$folder"
TMPDIR=$folder
export TMPDIR

"$epochal" models --quiet --net "models/$net.net" --init "$folder/$net.safetensors"

measure() { tr -d '\r' <"$folder/scaling.csv" | awk -F, -v name="$1" '$2 == name { print $3; exit }'; }

# Group, objects, nights: a row of the CSV
point() {
    db=$folder/scaling-$2-$3.db
    [ -f "$db" ] || "$epochal" simulate --quiet --db "$db" --objects "$2" --nights "$3" --visits 1 --side 16 >/dev/null
    "$epochal" bench sequence --model "$folder/$net.safetensors" --db "$db" --rounds "$rounds" -o csv >"$folder/scaling.csv"
    # triplets: what was done, since the simulated nights are a number on average
    triplets=$(awk -v r="$(measure rate)" -v ms="$(measure median)" 'BEGIN { printf "%.0f", r * ms / 1000 }')
    echo "$1,$2,$3,$(measure classified),$triplets,$(measure median),$(measure "peak memory")"
}

{
    echo "group,objects,nights,classified,triplets,ms,mib"
    for n in $objects; do point objects "$n" 30; done
    for n in $nights; do point nights 100 "$n"; done
} >"$csv.new"
mv "$csv.new" "$csv"

# Two plots beside each other: time against triplets, with the line through the origin that fits best, and memory.
awk -F, 'NR > 1 { n++; group[n] = $1; x[n] = $5; t[n] = $6 / 1000; m[n] = $7
        if ($5 > right) right = $5
        if (t[n] > top) top = t[n]
        if ($7 > most) most = $7
        xt += $5 * t[n]; xx += $5 * $5 }
    function at(v, all, from, length_) { return sprintf("%.1f", from + length_ * v / all) }
    function frame(left, title, high, unit) {
        printf "<rect x=\"%d\" y=\"40\" width=\"280\" height=\"200\" fill=\"none\" stroke=\"#888\"/>\n", left
        printf "<text x=\"%d\" y=\"28\">%s</text>\n", left, title
        printf "<text x=\"%d\" y=\"52\" text-anchor=\"end\">%.3g %s</text>\n<text x=\"%d\" y=\"240\" text-anchor=\"end\">0</text>\n", left - 6, high, unit, left - 6
        printf "<text x=\"%d\" y=\"258\" text-anchor=\"end\">%d triplets</text>\n", left + 280, right
    }
    END {
        print "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"760\" height=\"290\" font-family=\"sans-serif\" font-size=\"12\">"
        print "<rect width=\"760\" height=\"290\" fill=\"#fff\"/>"
        frame(70, "time of classifying", top, "s")
        frame(460, "peak memory", most * 1.5, "MiB")
        printf "<line x1=\"70\" y1=\"240\" x2=\"350\" y2=\"%s\" stroke=\"#bbb\"/>\n", at(-right * xt / xx, top, 240, 200)
        for (i = 1; i <= n; i++) {
            colour = group[i] == "objects" ? "#1b6ca8" : "#c8553d"
            printf "<circle cx=\"%s\" cy=\"%s\" r=\"4\" fill=\"%s\"/>\n", at(x[i], right, 70, 280), at(-t[i], top, 240, 200), colour
            printf "<circle cx=\"%s\" cy=\"%s\" r=\"4\" fill=\"%s\"/>\n", at(x[i], right, 460, 280), at(-m[i], most * 1.5, 240, 200), colour
        }
        print "<circle cx=\"76\" cy=\"276\" r=\"4\" fill=\"#1b6ca8\"/><text x=\"86\" y=\"280\">more objects of 30 nights</text>"
        print "<circle cx=\"276\" cy=\"276\" r=\"4\" fill=\"#c8553d\"/><text x=\"286\" y=\"280\">more nights of 100 objects</text>"
        print "</svg>"
    }' "$csv" >"$svg"

{
    echo "# Cost and memory against objects and nights"
    echo
    echo "Written by \`make scaling\` (\`tools/scaling.sh\`): simulated stores through \`epochal bench sequence\` with $net, medians of $rounds rounds on $(nproc) threads, $(lscpu | sed -n 's/^Model name: *//p' | head -n 1)."
    echo
    echo "![time and memory](${svg##*/})"
    echo
    echo "| what grows | objects | nights | triplets | time | us a triplet | peak memory |"
    echo "|---|---|---|---|---|---|---|"
    awk -F, 'NR > 1 { printf "| %s | %d | %d | %d | %.3g s | %.0f | %.0f MiB |\n", $1, $4, $3, $5, $6 / 1000, ($5 > 0 ? 1000 * $6 / $5 : 0), $7 }' "$csv"
    echo
    awk -F, 'NR > 1 { x = log($5); y = log($6); n++; sx += x; sy += y; sxx += x * x; sxy += x * y
            if (!least || $7 < least) least = $7
            if ($7 > most) most = $7 }
        END { printf "Time grows as triplets to the power %.2f (least squares of the logarithms; 1 is linear). Memory is between %.0f and %.0f MiB: SQLite keeps up to 32 MiB of the pages that it has read.\n", (n * sxy - sx * sy) / (n * sxx - sx * sx), least, most }' "$csv"
} >"$out.new"
mv "$out.new" "$out"
echo "written: $out, $csv, $svg" >&2
