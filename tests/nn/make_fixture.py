#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Networks run by PyTorch, for tests/nn/test_parity.c to repeat.

    make_fixture.py                        writes fixtures/parity.txt and parity.bin: small networks with every layer
    make_fixture.py --taonet PREFIX        writes PREFIX.txt and PREFIX.bin (12 MB): TAO-Net, k=32 L=70, 64 pixels, on
                                           sequences of mixed length; then
                                           EPOCHAL_TAONET_DUMP=PREFIX build/tests/nn/test_parity

Needs Debian's python3-torch. The text says what there is, line by line; the numbers, float32, stand in the same order in
the other file:
    net NAME C H W         a network begins
    layer WORD OPTION...   as in a network text
    param NAME COUNT       numbers of a parameter
    lengths N N ...        its input is sequences
    input COUNT | input previous    the input, or the result of the network before
    output COUNT           what PyTorch gives; the network ends
"""
import math
import os
import sys

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


class Same(nn.Module):
    """Convolution padded as Keras does it: more at the bottom and at the right."""

    def __init__(self, conv):
        super().__init__()
        self.conv = conv

    def forward(self, x):
        k, s = self.conv.kernel_size[0], self.conv.stride[0]
        pad = []
        for n in (x.shape[3], x.shape[2]):
            total = max((math.ceil(n / s) - 1) * s + k - n, 0)
            pad += [total // 2, total - total // 2]
        return self.conv(F.pad(x, pad))


class Pair(nn.Module):
    def __init__(self, channels, growth, middle):
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(channels), nn.Conv2d(channels, middle, 1, bias=False)
        self.bn2, self.conv2 = nn.BatchNorm2d(middle), nn.Conv2d(middle, growth, 3, padding=1, bias=False)

    def forward(self, x):
        return torch.cat([x, self.conv2(F.relu(self.bn2(self.conv1(F.relu(self.bn1(x))))))], 1)


class Dense(nn.Module):
    def __init__(self, channels, layers, growth, bottleneck=4):
        super().__init__()
        for i in range(layers):
            setattr(self, f"layer{i + 1}", Pair(channels + i * growth, growth, bottleneck * growth))

    def forward(self, x):
        for pair in self.children():
            x = pair(x)
        return x


class Transition(nn.Module):
    def __init__(self, channels, out):
        super().__init__()
        self.bn, self.conv = nn.BatchNorm2d(channels), nn.Conv2d(channels, out, 1, bias=False)

    def forward(self, x):
        return F.avg_pool2d(self.conv(F.relu(self.bn(x))), 2)


class Gap(nn.Module):
    def forward(self, x):
        return x.mean((2, 3))


class FlattenHwc(nn.Module):
    def forward(self, x):
        return x.permute(0, 2, 3, 1).flatten(1)


class Gru(nn.Module):
    def __init__(self, output, *args, **kwargs):
        super().__init__()
        self.gru, self.output = nn.GRU(*args, batch_first=True, **kwargs), output

    def forward(self, packed):
        outputs, last = self.gru(packed)
        if self.output == "sum":
            return nn.utils.rnn.pad_packed_sequence(outputs, batch_first=True)[0].sum(1)
        top = last[-2:] if self.gru.bidirectional else last[-1:]
        return torch.cat(list(top), 1)


def randomise(module, generator):
    for m in module.modules():
        if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d)):
            n = m.num_features
            m.running_mean.copy_(torch.randn(n, generator=generator) * 0.1)
            m.running_var.copy_(torch.rand(n, generator=generator) + 0.5)
            m.weight.copy_(torch.rand(n, generator=generator) + 0.5)
            m.bias.copy_(torch.randn(n, generator=generator) * 0.1)
        elif isinstance(m, (nn.Conv2d, nn.Linear)):
            fan_in = m.weight[0].numel()
            m.weight.copy_(torch.randn(m.weight.shape, generator=generator) / math.sqrt(fan_in))
            if m.bias is not None:
                m.bias.copy_(torch.randn(m.bias.shape, generator=generator) * 0.1)
        elif isinstance(m, nn.GRU):
            for p in m.parameters():
                p.copy_((torch.rand(p.shape, generator=generator) * 2 - 1) / math.sqrt(m.hidden_size))


class Writer:
    def __init__(self, prefix, seed):
        self.text, self.binary = open(prefix + ".txt", "w"), open(prefix + ".bin", "wb")
        self.generator = torch.Generator().manual_seed(seed)

    def numbers(self, tensor):
        np.ascontiguousarray(tensor.detach().numpy(), dtype="<f4").tofile(self.binary)
        return tensor.numel()

    def network(self, name, shape, layers, samples=None, lengths=None, previous=None):
        """layers: (line, module or None for one that does nothing). Returns the output."""
        print("net", name, *shape, file=self.text)
        counts, parameters = {}, []
        for line, module in layers:
            word = line.split()[0]
            counts[word] = counts.get(word, 0) + 1
            print("layer", line, file=self.text)
            if module is None:
                continue
            randomise(module.eval(), self.generator)
            for key, value in module.state_dict().items():
                if not key.endswith("num_batches_tracked"):
                    key = key[len("conv."):] if isinstance(module, Same) else key
                    key = key[len("gru."):] if isinstance(module, Gru) else key
                    parameters.append((f"{word}{counts[word]}.{key}", value))
        for key, value in parameters:
            print("param", key, self.numbers(value), file=self.text)
        if lengths:
            print("lengths", *lengths, file=self.text)
            x = previous if previous is not None else torch.randn(sum(lengths), shape[0], generator=self.generator)
        else:
            x = torch.randn(samples, *shape, generator=self.generator)
        print("input", "previous" if previous is not None else self.numbers(x), file=self.text)
        if lengths:
            parts = torch.split(x, lengths)
            x = nn.utils.rnn.pack_sequence(list(parts), enforce_sorted=False)
        for _, module in layers:
            x = module(x) if module is not None else x
        print("output", self.numbers(x), file=self.text)
        return x


def small(prefix):
    w = Writer(prefix, 1)
    w.network("encoder", (3, 21, 18), [
        ("conv 10 kernel=3 bias=0", Same(nn.Conv2d(3, 10, 3, bias=False))),
        ("dense 3 growth=12 bottleneck=2", Dense(10, 3, 12, 2)),
        ("transition 0.5", Transition(46, 23)),
        ("dense 2 growth=16 bottleneck=2", Dense(23, 2, 16, 2)),
        ("batchnorm", nn.BatchNorm2d(55)),
        ("relu", nn.ReLU()),
        ("gap", Gap()),
        ("linear 5", nn.Linear(55, 5)),
        ("softmax", nn.Softmax(1)),
    ], samples=3)
    w.network("stamps", (3, 25, 25), [
        ("conv 8 kernel=4", Same(nn.Conv2d(3, 8, 4))),
        ("batchnorm", nn.BatchNorm2d(8)),
        ("relu", nn.ReLU()),
        ("conv 6 kernel=6 stride=2 pad=same", Same(nn.Conv2d(8, 6, 6, stride=2))),
        ("relu", nn.ReLU()),
        ("batchnorm", nn.BatchNorm2d(6)),
        ("spatialdropout 0.1", None),
        ("conv 16 kernel=3 pad=valid", nn.Conv2d(6, 16, 3)),
        ("maxpool 2", nn.MaxPool2d(2)),
        ("relu", nn.ReLU()),
        ("conv 7 kernel=3 stride=2 pad=valid bias=0", nn.Conv2d(16, 7, 3, stride=2, bias=False)),
        ("flatten order=hwc", FlattenHwc()),
        ("dropout rate=0.3", None),
        ("linear 9", nn.Linear(28, 9)),
        ("relu", nn.ReLU()),
        ("batchnorm", nn.BatchNorm1d(9)),
        ("linear 1", nn.Linear(9, 1)),
        ("sigmoid", nn.Sigmoid()),
    ], samples=4)
    w.network("pools", (2, 17, 14), [
        ("avgpool 3 stride=2", nn.AvgPool2d(3, 2)),
        ("conv 5 kernel=1", nn.Conv2d(2, 5, 1)),
        ("maxpool size=3 stride=1", nn.MaxPool2d(3, 1)),
        ("flatten", nn.Flatten()),
        ("linear 4 bias=0", nn.Linear(120, 4, bias=False)),
        ("batchnorm", nn.BatchNorm1d(4)),
    ], samples=2)
    lengths = [3, 7, 1, 7, 4]
    w.network("head", (11, 1, 1), [
        ("gru 6 layers=2 directions=2 output=last", Gru("last", 11, 6, num_layers=2, bidirectional=True)),
        ("linear 8", nn.Linear(12, 8)),
        ("relu", nn.ReLU()),
        ("linear 4", nn.Linear(8, 4)),
        ("softmax", nn.Softmax(1)),
    ], lengths=lengths)
    w.network("summed", (11, 1, 1), [("gru 9 layers=3 output=sum", Gru("sum", 11, 9, num_layers=3)),
                                     ("linear 3", nn.Linear(9, 3))], lengths=lengths)
    w.network("both-ways-summed", (5, 1, 1),
              [("gru 7 directions=2 output=sum", Gru("sum", 5, 7, bidirectional=True))], lengths=[1, 2, 5])
    w.network("last", (5, 1, 1), [("gru 7", Gru("last", 5, 7))], lengths=[4])


def taonet(prefix):
    w = Writer(prefix, 2)
    lengths, layers, channels = [3, 1, 6, 2], [], 64
    layers.append(("conv 64 kernel=3 bias=0", Same(nn.Conv2d(3, 64, 3, bias=False))))
    for block in range(3):
        layers.append(("dense 11 growth=32", Dense(channels, 11, 32)))
        channels += 11 * 32
        if block < 2:
            layers.append(("transition", Transition(channels, channels // 2)))
            channels //= 2
    layers += [("batchnorm", nn.BatchNorm2d(channels)), ("relu", nn.ReLU()), ("gap", Gap())]
    features = w.network("encoder", (3, 64, 64), layers, samples=sum(lengths))
    w.network("head", (channels, 1, 1), [
        ("gru 128 layers=2 output=sum", Gru("sum", channels, 128, num_layers=2)),
        ("linear 6", nn.Linear(128, 6)),
    ], lengths=lengths, previous=features)


if __name__ == "__main__":
    torch.set_num_threads(1)
    with torch.no_grad():
        if len(sys.argv) == 3 and sys.argv[1] == "--taonet":
            taonet(sys.argv[2])
        elif len(sys.argv) == 1:
            small(os.path.join(os.path.dirname(os.path.abspath(__file__)), "fixtures", "parity"))
        else:
            sys.exit(__doc__)
