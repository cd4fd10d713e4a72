# SPDX-License-Identifier: BSD-3-Clause
# bench_torch.py - one step of training TAO-Net's encoder in PyTorch, for tools/bench.sh: prints triplets a second.
#
#   bench_torch.py PEERS SIDE BATCH THREADS [SECONDS]
#
# PEERS is the folder of taonet_torch.py, which defines the network. A step is what ours does: forward, cross entropy,
# backward, Adam, in float32. Two steps of a few images tell which layout of images is the faster here; that one is
# measured, for about SECONDS (default 10), one step at least after one that warms up. The median counts.
import statistics
import sys
import time

import torch

sys.path.insert(0, sys.argv[1])
from taonet_torch import DenseNet  # noqa: E402

side, batch, threads = (int(word) for word in sys.argv[2:5])
seconds = float(sys.argv[5]) if len(sys.argv) > 5 else 10
torch.set_num_threads(threads)


def step_times(layout, count, least, limit):
    torch.manual_seed(1)
    encoder = DenseNet()
    model = torch.nn.Sequential(encoder, torch.nn.Linear(encoder.nfeat, 6)).to(memory_format=layout).train()
    adam = torch.optim.Adam(model.parameters(), lr=1e-3)
    images = torch.randn(count, 3, side, side).contiguous(memory_format=layout)
    labels = torch.arange(count) % 6
    times, start = [], time.perf_counter()
    while len(times) < least or time.perf_counter() - start < limit:
        before = time.perf_counter()
        adam.zero_grad(set_to_none=True)
        torch.nn.functional.cross_entropy(model(images), labels).backward()
        adam.step()
        times.append(time.perf_counter() - before)
    return times[1:]  # the first warms up


layouts = (torch.contiguous_format, torch.channels_last)
best = min(layouts, key=lambda layout: min(step_times(layout, min(batch, 4), 2, 0)))
print(f"{batch / statistics.median(step_times(best, batch, 2, seconds)):.4g}")
