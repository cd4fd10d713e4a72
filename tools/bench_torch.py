# SPDX-License-Identifier: BSD-3-Clause
# bench_torch.py - PyTorch's speed with TAO-Net, for tools/bench.sh.
#
#   bench_torch.py PEERS infer SIDE BATCH THREADS [SECONDS [PRECISION]]   the encoder: triplets a second
#   bench_torch.py PEERS train SIDE BATCH THREADS [SECONDS [PRECISION]]   a step of training it: triplets a second
#   bench_torch.py PEERS gru SEQUENCES THREADS [SECONDS]                  the sequence head: milliseconds forward, and of a step
#   bench_torch.py PEERS onnx SIDE BATCH FILE                             writes the encoder for ONNX Runtime
#
# PEERS is the folder of taonet_torch.py, which defines the network. PyTorch has several ways to do the same (layouts of
# images, a frozen graph, one optimised for inference): a few images tell which is the fastest here, and that one is
# measured, for about SECONDS (default 5), one round at least after one that warms up. The median counts. A training step
# is what ours does: forward, cross entropy, backward, Adam. PRECISION: f32 (the default) or bf16 (autocast; weights stay
# float32).
import inspect
import statistics
import sys
import time
import warnings

import torch

warnings.filterwarnings("ignore")
sys.path.insert(0, sys.argv[1])
from taonet_torch import DenseNet, Head, randomize_bn  # noqa: E402

LAYOUTS = (torch.contiguous_format, torch.channels_last)


def median_time(work, seconds):
    work()
    times, start = [], time.perf_counter()
    while not times or time.perf_counter() - start < seconds:
        before = time.perf_counter()
        work()
        times.append(time.perf_counter() - before)
    return statistics.median(times)


def encoder(layout):
    torch.manual_seed(0)
    net = DenseNet().eval()
    with torch.no_grad():
        randomize_bn(net)
    return net.to(memory_format=layout)


def traced(net, images):
    return torch.jit.trace(net, images, check_trace=False)


def autocast(net, images):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        return net(images)


def ways(side, batch, precision):
    """Functions that each do the same."""
    for layout in LAYOUTS:
        net, images = encoder(layout), torch.randn(batch, 3, side, side).contiguous(memory_format=layout)
        if precision == "bf16":
            yield lambda net=net, images=images: autocast(net, images)
            continue
        yield lambda net=net, images=images: net(images)
        frozen = torch.jit.freeze(traced(net, images))
        yield lambda net=frozen, images=images: net(images)
    if precision != "bf16":
        net, images = encoder(LAYOUTS[0]), torch.randn(batch, 3, side, side)
        optimised = torch.jit.optimize_for_inference(traced(net, images))
        yield lambda: optimised(images)


def infer(side, batch, seconds, precision):
    def trial(way):
        way()
        return min(median_time(way, 0) for _ in range(2))

    tried = [trial(way) for way in ways(side, min(batch, 4), precision)]
    best = list(ways(side, batch, precision))[tried.index(min(tried))]
    print(f"{batch / median_time(best, seconds):.4g}")


def train(side, batch, seconds, precision):
    def step(layout, count):
        torch.manual_seed(1)
        net = DenseNet()
        model = torch.nn.Sequential(net, torch.nn.Linear(net.nfeat, 6)).to(memory_format=layout).train()
        adam = torch.optim.Adam(model.parameters(), lr=1e-3)
        images = torch.randn(count, 3, side, side).contiguous(memory_format=layout)
        labels = torch.arange(count) % 6

        def run():
            adam.zero_grad(set_to_none=True)
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bf16"):
                loss = torch.nn.functional.cross_entropy(model(images), labels)
            loss.backward()
            adam.step()

        return run

    best = min(LAYOUTS, key=lambda layout: median_time(step(layout, min(batch, 4)), 0))
    print(f"{batch / median_time(step(best, batch), seconds):.4g}")


def gru(count, seconds):
    torch.manual_seed(0)
    lengths = [22] if count == 1 else [5 + i * 23 % 36 for i in range(count)]  # as epochal bench gru has them
    packed = torch.nn.utils.rnn.pack_sequence([torch.randn(n, 632) for n in lengths], enforce_sorted=False)
    labels, head = torch.arange(count) % 6, Head()
    adam = torch.optim.Adam(head.parameters(), 1e-3)

    def forward():
        with torch.no_grad():
            head(packed)

    def step():
        adam.zero_grad(set_to_none=True)
        torch.nn.functional.cross_entropy(head(packed), labels).backward()
        adam.step()

    print(f"{1e3 * median_time(forward, seconds):.4g} {1e3 * median_time(step, seconds):.4g}")


def onnx(side, batch, path):
    old = {"dynamo": False} if "dynamo" in inspect.signature(torch.onnx.export).parameters else {}  # versions have two ways
    torch.onnx.export(encoder(LAYOUTS[0]), torch.randn(batch, 3, side, side), path, opset_version=13, input_names=["x"], output_names=["y"], **old)


def main(what, *words):
    if what == "onnx":
        return onnx(int(words[0]), int(words[1]), words[2])
    numbers = [int(word) for word in words[: 2 if what == "gru" else 3]]
    rest = words[len(numbers) :]
    seconds = float(rest[0]) if rest else 5
    precision = rest[1] if len(rest) > 1 else "f32"
    torch.set_num_threads(numbers[-1])
    if what == "train":
        return train(*numbers[:-1], seconds, precision)
    with torch.no_grad() if what == "infer" else torch.enable_grad():
        return infer(*numbers[:-1], seconds, precision) if what == "infer" else gru(numbers[0], seconds)


main(*sys.argv[2:])
