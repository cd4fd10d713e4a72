#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Networks run by PyTorch, for tests/nn/test_parity.c to repeat.

    make_fixture.py                        writes fixtures/parity.txt and parity.bin: small networks with every layer;
                                           fixtures/training.txt and training.bin: the same in training
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
and in training, all of it in double precision:
    labels N N ...         what the samples are
    weights COUNT          of the classes
    loss KIND OPTION... VALUE       softmax or sigmoid loss of the logits, or "product": the results times the numbers
    factors COUNT          ... that stand here
    grad NAME COUNT        of a parameter
    input_grad COUNT
    running NAME COUNT     a running mean or variance after this forward pass
    optimiser KIND OPTION...        five steps on the same batch, from the first parameters
    after NAME COUNT       a parameter, or running mean or variance, then
    end                    the network ends
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


OPTIMISERS = [
    ("sgd rate=0.05 momentum=0.9 decay=0.01 clip=0.3",
     lambda p: torch.optim.SGD(p, 0.05, momentum=0.9, weight_decay=0.01), 0.3),
    ("sgd rate=0.05 momentum=0 decay=0.02", lambda p: torch.optim.SGD(p, 0.05, weight_decay=0.02), None),
    ("sgd rate=0.02 momentum=0.8 decay=0 nesterov=1",
     lambda p: torch.optim.SGD(p, 0.02, momentum=0.8, nesterov=True), None),
    ("adam rate=0.003 decay=0.02", lambda p: torch.optim.Adam(p, 0.003, weight_decay=0.02), None),
    ("adamw rate=0.002 decay=0.1", lambda p: torch.optim.AdamW(p, 0.002, weight_decay=0.1), None),
]


class Training:
    """A network in training: one forward and backward pass, then every optimiser from the start."""

    def __init__(self, writer, name, shape, layers):
        self.w, self.layers, self.tensors, counts = writer, layers, [], {}
        print("net", name, *shape, file=writer.text)
        for line, module in layers:
            word = line.split()[0]
            counts[word] = counts.get(word, 0) + 1
            print("layer", line, file=writer.text)
            if module is None:
                continue
            randomise(module, writer.generator)
            module.double().train()
            for key, value in module.state_dict(keep_vars=True).items():
                if not key.endswith("num_batches_tracked"):
                    key = key[len("conv."):] if isinstance(module, Same) else key
                    key = key[len("gru."):] if isinstance(module, Gru) else key
                    self.tensors.append((f"{word}{counts[word]}.{key}", value))
        self.start = [value.detach().clone() for _, value in self.tensors]
        self.emit("param", lambda name, value: value)

    def emit(self, word, of):
        for name, value in self.tensors:
            tensor = of(name, value)
            if tensor is not None:
                print(word, name, self.w.numbers(tensor), file=self.w.text)

    def forward(self, x):
        if self.lengths:
            x = nn.utils.rnn.pack_sequence(list(torch.split(x, self.lengths)), enforce_sorted=False)
        for _, module in self.layers:
            x = module(x) if module is not None else x
        return x

    def run(self, x, loss, text, lengths=None):
        """text: lines about the loss; its value is put at the end of the last one."""
        self.lengths = lengths
        if lengths:
            print("lengths", *lengths, file=self.w.text)
        print("input", self.w.numbers(x), file=self.w.text)
        x = x.double().requires_grad_(True)
        with torch.enable_grad():
            value = loss(self.forward(x))
            value.backward()
        print(text, repr(value.item()), file=self.w.text)
        self.emit("grad", lambda name, t: t.grad)
        print("input_grad", self.w.numbers(x.grad), file=self.w.text)
        self.emit("running", lambda name, t: t if "running" in name else None)
        for line, make, clip in OPTIMISERS:
            for (_, t), kept in zip(self.tensors, self.start):
                t.data.copy_(kept)
            trained = [t for name, t in self.tensors if t.requires_grad]
            optimiser = make(trained)
            for _ in range(5):
                optimiser.zero_grad()
                with torch.enable_grad():
                    loss(self.forward(x.detach())).backward()
                if clip:
                    nn.utils.clip_grad_norm_(trained, clip)
                optimiser.step()
            print("optimiser", line, file=self.w.text)
            self.emit("after", lambda name, t: t)
        print("end", file=self.w.text)


def training(prefix):
    w = Writer(prefix, 3)
    # no bias before a batch norm: its gradient is 0 but for rounding, which Adam would make as large as any other
    t = Training(w, "images", (3, 16, 15), [
        ("conv 6 kernel=3 stride=1 bias=0", Same(nn.Conv2d(3, 6, 3, bias=False))),
        ("dense 2 growth=4 bottleneck=2", Dense(6, 2, 4, 2)),
        ("transition 0.5", Transition(14, 7)),
        ("dense 1 growth=5 bottleneck=1", Dense(7, 1, 5, 1)),
        ("spatialdropout 0", None),
        ("avgpool 2 stride=1", nn.AvgPool2d(2, 1)),
        ("conv 5 kernel=2", Same(nn.Conv2d(12, 5, 2))),
        ("sigmoid", nn.Sigmoid()),
        ("maxpool 3 stride=2", nn.MaxPool2d(3, 2)),
        ("flatten", nn.Flatten()),
        ("linear 8 bias=0", nn.Linear(30, 8, bias=False)),
        ("batchnorm", nn.BatchNorm1d(8)),
        ("relu", nn.ReLU()),
        ("dropout 0", None),
        ("linear 4", nn.Linear(8, 4)),
    ])
    weights, labels = torch.tensor([0.5, 2.0, 1.25, 0.75]), [2, 0, 3, 1, 1, 2]
    print("labels", *labels, file=w.text)
    print("weights", w.numbers(weights), file=w.text)
    x = torch.randn(6, 3, 16, 15, generator=w.generator)
    t.run(x, lambda out: F.cross_entropy(out, torch.tensor(labels), weight=weights.double(), label_smoothing=0.1),
          "loss softmax smoothing=0.1")

    t = Training(w, "stamps", (2, 9, 9), [
        ("conv 5 kernel=4 stride=2 bias=0", Same(nn.Conv2d(2, 5, 4, stride=2, bias=False))),
        ("batchnorm eps=0.01 momentum=0.3", nn.BatchNorm2d(5, eps=0.01, momentum=0.3)),
        ("relu", nn.ReLU()),
        ("conv 7 pad=valid", nn.Conv2d(5, 7, 3)),
        ("gap", Gap()),
        ("linear 1", nn.Linear(7, 1)),
    ])
    labels = [1, 0, 0, 1, 0]
    print("labels", *labels, file=w.text)
    x = torch.randn(5, 2, 9, 9, generator=w.generator)
    t.run(x, lambda out: F.binary_cross_entropy_with_logits(
        out[:, 0], torch.tensor(labels).double(), pos_weight=torch.tensor(2.5).double()), "loss sigmoid weight=2.5")

    for name, output, line in [("last", "last", "gru 5 layers=2 directions=2"),
                               ("summed", "sum", "gru 5 layers=2 directions=2 output=sum")]:
        t = Training(w, name, (6, 1, 1), [
            (line, Gru(output, 6, 5, num_layers=2, bidirectional=True)),
            ("linear 3", nn.Linear(10, 3)),
        ])
        lengths, labels = [3, 7, 1, 7, 4], [0, 2, 1, 1, 0]
        print("labels", *labels, file=w.text)
        x = torch.randn(sum(lengths), 6, generator=w.generator)
        t.run(x, lambda out: F.cross_entropy(out, torch.tensor(labels)), "loss softmax smoothing=0", lengths=lengths)

    t = Training(w, "scores", (4, 3, 2), [
        ("flatten hwc", FlattenHwc()),
        ("linear 5", nn.Linear(24, 5)),
        ("softmax", nn.Softmax(1)),
    ])
    factors = torch.randn(3, 5, generator=w.generator)
    print("factors", w.numbers(factors), file=w.text)
    t.run(torch.randn(3, 4, 3, 2, generator=w.generator), lambda out: (out * factors.double()).sum(), "loss product")


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
            folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fixtures")
            small(os.path.join(folder, "parity"))
            training(os.path.join(folder, "training"))
        else:
            sys.exit(__doc__)
