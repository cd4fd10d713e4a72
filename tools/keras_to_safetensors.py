#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Turns a Keras HDF5 weights file into an Epochal model.

    keras_to_safetensors.py --net models/braai.net --normalise l2row weights.h5 model.safetensors

Needs python3, numpy and h5py (Debian: python3-h5py), not Keras. Layers that hold weights are matched in order: those of
the network text (encoder, then its only head) with those of the HDF5 file. Convolutions are turned from HWIO to OIHW and
dense kernels from in x out to out x in; what `flatten` makes of the order of features is the network's business
(order=hwc for Keras). Kinds, kernel sizes and numbers of outputs are checked here, all the rest when Epochal loads it.
"""
import argparse
import hashlib
import json
import os
import sys
import tempfile

try:
    import h5py
    import numpy as np
except ImportError as error:
    sys.exit(f"keras_to_safetensors: {error}; Debian: apt-get install python3-h5py, and run this with /usr/bin/python3")

HEADS = ("triplet", "sequence", "stamp")
STATEMENTS = ("network", "about", "input", "fusion", "join", "normalise", "pad")
WITHOUT_WEIGHTS = ("relu", "sigmoid", "softmax", "maxpool", "avgpool", "gap", "dropout", "spatialdropout", "flatten")


class Refused(Exception):
    """What is wrong, for the user."""


def read_net(path):
    """The text, the normalisation, the classes of the head, and the layers that hold weights: (line number, tensor
    prefix, word, options), the option without a key under ""."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    normalise, classes, layers, section, counts = "none", {}, [], None, {}
    for number, line in enumerate(text.splitlines(), 1):
        words = []
        for word in line.split():
            if word.startswith("#"):
                break
            words.append(word)
        if not words:
            continue
        word, where = words[0], f"{path}:{number}"
        options = dict(w.split("=", 1) if "=" in w else ("", w) for w in words[1:])
        if word in ("encoder",) + HEADS:
            section, counts = word, {}
            if word in HEADS:
                if classes:
                    raise Refused(f"{where}: a network with one head is needed, this has more")
                classes = {word: options.get("classes", "").split(",")}
        elif section is None:
            if word not in STATEMENTS:
                raise Refused(f"{where}: unknown statement {word}")
            if word == "normalise":
                normalise = " ".join(words[1:])
        else:
            counts[word] = counts.get(word, 0) + 1
            if section in HEADS:
                options = {k: str(len(classes[section])) if v == "classes" else v for k, v in options.items()}
            if word in ("conv", "linear", "batchnorm"):
                layers.append((where, f"{section}.{word}{counts[word]}", word, options))
            elif word not in WITHOUT_WEIGHTS:
                raise Refused(f"{where}: a layer {word} cannot come from Keras")
    if not classes:
        raise Refused(f"{path}: there is no head")
    return text, normalise, classes, layers


def as_text(value):
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


def read_keras(path):
    """The layers that hold weights, in the file's order: (name, {"kernel": array, ...})."""
    layers = []
    with h5py.File(path, "r") as file:
        root = file["model_weights"] if "model_weights" in file else file
        if "layer_names" not in root.attrs:
            raise Refused(f"{path}: no attribute layer_names: this is no weights file as Keras 1 and 2 write them")
        for layer in map(as_text, root.attrs["layer_names"]):
            names = [as_text(n) for n in root[layer].attrs["weight_names"]]
            if names:
                # "conv1/kernel:0" -> "kernel"
                layers.append((layer, {n.split("/")[-1].split(":")[0]: np.asarray(root[layer][n]) for n in names}))
    return layers


def convert_layer(where, prefix, word, options, layer, weights):
    """[(tensor name, array)] of one layer."""
    wanted = {
        "conv": {"kernel": "weight", "bias": "bias"},
        "linear": {"kernel": "weight", "bias": "bias"},
        "batchnorm": {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"},
    }[word]
    if options.get("bias") == "0":
        wanted = {"kernel": "weight"}
    if set(weights) != set(wanted):
        raise Refused(f"{where}: {word} needs {', '.join(wanted)}, but the file's layer {layer} has {', '.join(weights)}")
    if word != "batchnorm":
        kernel = weights["kernel"]
        size = int(options.get("kernel", "3"))
        shape = (size, size) if word == "conv" else ()
        outputs = int(options.get("") or options.get("channels") or options["features"])
        if kernel.ndim != len(shape) + 2 or kernel.shape[:-2] != shape or kernel.shape[-1] != outputs:
            form = "x".join(map(str, shape + ("?", outputs)))
            raise Refused(f"{where}: {word} needs a kernel of {form}, but the file's layer {layer} has "
                          f"{'x'.join(map(str, kernel.shape))}")
        weights = dict(weights, kernel=kernel.transpose(3, 2, 0, 1) if word == "conv" else kernel.T)
    tensors = []
    for theirs, ours in wanted.items():
        array = np.ascontiguousarray(weights[theirs], dtype="<f4")
        if not np.isfinite(array).all():
            raise Refused(f"{where}: {theirs} of the file's layer {layer} has a value that is not finite")
        tensors.append((f"{prefix}.{ours}", array))
    return tensors


def safetensors_bytes(tensors, metadata):
    """The whole file; the SHA-256 in its metadata is that of the file with those 64 digits as '0'."""
    header = {"__metadata__": dict(metadata, **{"epochal.sha256": "0" * 64})}
    offset = 0
    for name, array in tensors:
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode("ascii")
    text += b" " * (-len(text) % 8)
    blob = len(text).to_bytes(8, "little") + text + b"".join(array.tobytes() for _, array in tensors)
    digest = hashlib.sha256(blob).hexdigest().encode("ascii")
    key = b'"epochal.sha256":"'
    at = blob.index(key + b"0" * 64) + len(key)
    return blob[:at] + digest + blob[at + 64:]


def write_atomically(path, blob):
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(os.path.abspath(path)))
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(blob)
            file.flush()
            os.fsync(file.fileno())
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def convert(net, normalise, source, target):
    text, standard, classes, ours = read_net(net)
    theirs = read_keras(source)
    if len(ours) != len(theirs):
        raise Refused(f"{net} has {len(ours)} layers with weights, {source} has {len(theirs)}: "
                      f"{', '.join(name for name, _ in theirs)}")
    tensors = []
    for (where, prefix, word, options), (layer, weights) in zip(ours, theirs):
        tensors += convert_layer(where, prefix, word, options, layer, weights)
    with open(source, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    metadata = {
        "epochal.format": "1",
        "epochal.net": text,
        "epochal.classes": json.dumps(classes),
        "epochal.normalise": normalise or standard,
        "epochal.origin": f"Keras weights {os.path.basename(source)}, SHA-256 {digest}",
    }
    write_atomically(target, safetensors_bytes(tensors, metadata))
    return sum(array.size for _, array in tensors)


def main():
    parser = argparse.ArgumentParser(description="Turns a Keras HDF5 weights file into an Epochal model.")
    parser.add_argument("--net", required=True, metavar="FILE", help="network text, models/NAME.net")
    parser.add_argument("--normalise", metavar="NAME", help="normalisation these weights want (default: the network's)")
    parser.add_argument("source", metavar="IN.h5", help="Keras weights, or a whole Keras model")
    parser.add_argument("target", metavar="OUT.safetensors")
    args = parser.parse_args()
    try:
        count = convert(args.net, args.normalise, args.source, args.target)
    except (Refused, OSError, KeyError, ValueError) as error:
        print(f"keras_to_safetensors: {error}", file=sys.stderr)
        return 1
    print(f"{args.target}: {count} values", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
