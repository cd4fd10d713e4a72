#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Five stratified folds of the HiTS sequences, as files for `epochal split --from`. Debian: python3-numpy.

    hits_folds.py hits_dev.npz FOLDER

writes FOLDER/fold0.csv .. fold4.csv (object,part with the parts train and test) and FOLDER/all.csv (everything is train).
The objects of each class are shuffled with numpy's default generator, seed 7, class after class in the order below, and dealt
out in turn: other programs that do the same get the same folds, so that results can be laid side by side.
"""
import os
import sys

import numpy

CLASSES = [b"SN", b"RRLyrae", b"EB", b"constant"]
FOLDS, SEED = 5, 7


def main(path, folder):
    with numpy.load(path) as file:
        labels = [bytes(label) for label in file["label"]]
        names = [name.decode() if isinstance(name, bytes) else str(name) for name in file["name"]]
    generator = numpy.random.default_rng(SEED)
    fold = numpy.zeros(len(labels), int)
    for name in CLASSES:
        members = numpy.array([i for i, label in enumerate(labels) if label == name])
        generator.shuffle(members)
        fold[members] = numpy.arange(len(members)) % FOLDS
    os.makedirs(folder, exist_ok=True)
    for k in range(FOLDS):
        with open(os.path.join(folder, f"fold{k}.csv"), "w") as out:
            out.write("object,part\n")
            out.writelines(f"{name},{'test' if fold[i] == k else 'train'}\n" for i, name in enumerate(names))
    with open(os.path.join(folder, "all.csv"), "w") as out:
        out.write("object,part\n")
        out.writelines(f"{name},train\n" for name in names)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
