#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
# check_npz.py FILE.db OTRAIN.npz SEQUENCES.npz - exported arrays through numpy against the rows of the store, by hand:
#   epochal simulate --db a.db --objects 20 --real-bogus 200 --nights 6 --side 32
#   epochal export --db a.db --format otrain --role science,template,difference --out o.npz
#   epochal export --db a.db --format npz-sequences --out s.npz
#   tests/data/check_npz.py a.db o.npz s.npz
import sqlite3
import sys
import zipfile

import numpy as np

TYPES = {"u8": "u1", "i16": "<i2", "u16": "<u2", "i32": "<i4", "f32": "<f4", "f64": "<f8"}
db = sqlite3.connect(sys.argv[1])


def pixels(kind, height, data):
    return np.frombuffer(data, TYPES[kind]).reshape(height, -1).astype(np.float32)


for name in sys.argv[2:]:
    assert zipfile.ZipFile(name).testzip() is None
cube = np.load(sys.argv[2])  # allow_pickle stays off
assert list(cube) == ["cube", "labels", "mags", "errmags", "filters", "fwhms", "candids"]
assert cube["cube"].dtype == np.float32 and cube["cube"].ndim == 4
for key in list(cube)[1:]:
    assert cube[key].shape == cube["cube"].shape[:1], key
row = 0
for object, name in db.execute("SELECT id, class FROM objects WHERE class IN ('real', 'bogus') ORDER BY id"):
    planes = db.execute("SELECT s.type, s.height, p.data, s.mag, s.candid FROM stamps s JOIN pixels p ON p.stamp = s.id WHERE object = ? "
                        "ORDER BY instr('science template difference', role)", (object,)).fetchall()
    assert np.array_equal(cube["cube"][row], np.stack([pixels(*p[:3]) for p in planes], -1))
    assert cube["labels"][row] == (name == "real") and cube["candids"][row] == planes[0][4]
    assert cube["mags"][row] == (99 if planes[0][3] is None else planes[0][3])
    row += 1
assert row == len(cube["labels"])
s = np.load(sys.argv[3])
assert list(s) == ["x", "nframes", "label", "mjd", "names"]
for i, name in enumerate(s["names"]):
    frames = db.execute("SELECT type, height, data, mjd FROM stamps s JOIN pixels p ON p.stamp = s.id JOIN objects o ON o.id = s.object "
                        "WHERE o.name = ? AND role = 'science' ORDER BY mjd", (str(name),)).fetchall()
    n = s["nframes"][i]
    assert n == len(frames) and np.isnan(s["x"][i, n:]).all() and np.isnan(s["mjd"][i, n:]).all()
    for t, frame in enumerate(frames):
        assert np.array_equal(s["x"][i, t], pixels(*frame[:3])) and s["mjd"][i, t] == frame[3]
print(f"{row} stamps and {s['nframes'].sum()} frames of {len(s['names'])} sequences are those of the store")
