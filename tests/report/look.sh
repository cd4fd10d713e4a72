#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# look.sh PAGE.html FOLDER - looks at a page in headless Chromium, 390 and 1280 pixels wide: nothing may reach beyond the
# window, every picture must be painted, and screenshots (light, dark) go to FOLDER. Exit 77: there is no Chromium here.
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
measure() { # WIDTH
    sed -e '/http-equiv="Content-Security-Policy"/d' "$page" >"$folder/copy.html"
    cat >>"$folder/copy.html" <<'SCRIPT'
<script>
addEventListener('load', () => {
  document.querySelectorAll('details').forEach(d => { d.open = true; });
  const broken = [...document.images].filter(i => !i.complete || i.naturalWidth === 0).length;
  const empty = [...document.querySelectorAll('svg')].filter(s => s.getClientRects().length && s.getBoundingClientRect().width < 10).length;
  const found = `width ${innerWidth} scroll ${document.documentElement.scrollWidth} broken ${broken} empty ${empty}`;
  parent.postMessage(found, '*');
});
</script>
SCRIPT
    cat >"$folder/frame.html" <<FRAME
<!DOCTYPE html><iframe src="copy.html" style="width:$1px;height:900px;border:0"></iframe><p id="found"></p>
<script>addEventListener('message', e => { document.getElementById('found').textContent = e.data; });</script>
FRAME
    look --window-size=1400,1000 --virtual-time-budget=20000 --dump-dom "file://$folder/frame.html" |
        sed -n 's/.*<p id="found">\(.*\)<\/p>.*/\1/p'
}

bad=0
for width in 390 1280; do
    found=$(measure "$width")
    echo "$found"
    # shellcheck disable=SC2086 # words on purpose
    set -- $found
    if [ "$2" != "$width" ]; then
        echo "the frame is not $width pixels wide: '$found'"
        cat "$folder/log"
        bad=1
    elif [ "$4" -gt "$2" ] || [ "$6" -ne 0 ] || [ "$8" -ne 0 ]; then
        echo "at $width pixels: reaches to $4, $6 pictures broken, $8 plots empty"
        bad=1
    fi
done

shoot() { # NAME WIDTH OPTIONS
    name=$1 width=$2
    shift 2
    look --window-size="$width,3000" --screenshot="$folder/$name.png" "$@" "file://$page" >/dev/null
    [ -s "$folder/$name.png" ] || { echo "no screenshot $name.png"; cat "$folder/log"; bad=1; }
}
shoot light-390 390
shoot light-1280 1280
shoot dark-1280 1280 --force-dark-mode --blink-settings=preferredColorScheme=0
# the same twice would mean that dark does nothing
! cmp -s "$folder/light-1280.png" "$folder/dark-1280.png" || { echo "dark looks like light"; bad=1; }
rm -rf "$folder/profile"
exit $bad
