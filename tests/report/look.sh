#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# look.sh PAGE.html FOLDER - looks at a page in headless Chromium, 390 and 1280 pixels wide, and as it goes to A4 paper:
# nothing may reach beyond the window, every picture must be painted, paper is light, and screenshots (light, dark) and a
# PDF go to FOLDER. Exit 77: there is no Chromium here.
page=$(realpath "$1") folder=$(realpath "$2")
for chromium in chromium chromium-browser google-chrome ''; do
    [ -n "$chromium" ] && command -v "$chromium" >/dev/null && break
done
[ -n "$chromium" ] || { echo "no chromium here"; exit 77; }

# a profile of its own; shared memory is small in containers; nothing is asked of any network
look() {
    HOME=$folder timeout 120 "$chromium" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --hide-scrollbars \
        --no-first-run --disable-background-networking --user-data-dir="$folder/profile" "$@" 2>"$folder/log"
}

# The page may run nothing, so a copy of it is measured: without its policy, all details open, and with a script that writes
# what it found into the body. The window of headless Chromium cannot be made as narrow as a phone's, so it is a frame.
measure() { # WIDTH MEDIUM OPTIONS: the styles of MEDIUM, print say, hold too
    width=$1 medium=$2
    shift 2
    sed -e '/http-equiv="Content-Security-Policy"/d' -e "s/@media $medium /@media all /" "$page" >"$folder/copy.html"
    cat >>"$folder/copy.html" <<'SCRIPT'
<script>
addEventListener('load', () => {
  document.querySelectorAll('details').forEach(d => { d.open = true; });
  const broken = [...document.images].filter(i => !i.complete || i.naturalWidth === 0).length;
  const empty = [...document.querySelectorAll('svg')].filter(s => s.getClientRects().length && s.getBoundingClientRect().width < 10).length;
  const found = `width ${innerWidth} scroll ${document.documentElement.scrollWidth} broken ${broken} empty ${empty} ` +
    (getComputedStyle(document.body).backgroundColor === 'rgb(255, 255, 255)' ? 'light' : 'dark');
  parent.postMessage(found, '*');
});
</script>
SCRIPT
    cat >"$folder/frame.html" <<FRAME
<!DOCTYPE html><iframe src="copy.html" style="width:${width}px;height:900px;border:0"></iframe><p id="found"></p>
<script>addEventListener('message', e => { document.getElementById('found').textContent = e.data; });</script>
FRAME
    look --window-size=1400,1000 --virtual-time-budget=20000 --dump-dom "$@" "file://$folder/frame.html" |
        sed -n 's/.*<p id="found">\(.*\)<\/p>.*/\1/p'
}

dark='--force-dark-mode --blink-settings=preferredColorScheme=0'
bad=0
check() { # WIDTH MEDIUM COLOURS OPTIONS
    wanted=$1 medium=$2 colours=$3
    shift 3
    found=$(measure "$wanted" "$medium" "$@")
    echo "$found"
    # shellcheck disable=SC2086 # words on purpose
    set -- $found
    if [ "$2" != "$wanted" ]; then
        echo "the frame is not $wanted pixels wide: '$found'"
        cat "$folder/log"
        bad=1
    elif [ "$4" -gt "$2" ] || [ "$6" -ne 0 ] || [ "$8" -ne 0 ] || [ "$9" != "$colours" ]; then
        echo "at $wanted pixels: reaches to $4, $6 pictures broken, $8 plots empty, $9"
        bad=1
    fi
}
check 390 none light
check 1280 none light
# shellcheck disable=SC2086 # words on purpose
check 1280 none dark $dark
# A4 less its margins, of a reader who likes it dark
# shellcheck disable=SC2086
check 688 print light $dark

shoot() { # NAME WIDTH OPTIONS
    name=$1 width=$2
    shift 2
    look --window-size="$width,3000" --screenshot="$folder/$name.png" "$@" "file://$page" >/dev/null
    [ -s "$folder/$name.png" ] || { echo "no screenshot $name.png"; cat "$folder/log"; bad=1; }
}
shoot light-390 390
shoot light-1280 1280
# shellcheck disable=SC2086
shoot dark-1280 1280 $dark
# the same twice would mean that dark does nothing
! cmp -s "$folder/light-1280.png" "$folder/dark-1280.png" || { echo "dark looks like light"; bad=1; }
# shellcheck disable=SC2086
look --print-to-pdf="$folder/page.pdf" --no-pdf-header-footer $dark "file://$page" >/dev/null
[ -s "$folder/page.pdf" ] || { echo "no page.pdf"; cat "$folder/log"; bad=1; }
rm -rf "$folder/profile"
exit $bad
