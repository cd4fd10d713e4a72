#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""TAO-Net at full size (growth 32, depth 70, 64 pixels) in PyTorch, and the same in Epochal: do the logits agree?

    make build/tests/arch/test_taonet_parity && /usr/bin/python3 tests/arch/taonet_parity.py build/tests/arch/test_taonet_parity

Random weights and batch-norm statistics and random sequences of mixed length are written, with PyTorch's logits, into a
temporary folder; the test program reads them. Needs Debian's python3-torch. Exit status: the test program's; 77, with a
word on why, where torch is missing.
"""
import json
import os
import struct
import subprocess
import sys
import tempfile

try:
    import torch
    from torch import nn
except ImportError as error:
    print(f"taonet_parity: skipped: {error}")
    sys.exit(77)

GROWTH, LAYERS, SIDE, HIDDEN, CLASSES = 32, 11, 64, 128, 6
LENGTHS = (1, 4, 2, 7, 3)


class Bottleneck(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv1 = nn.Conv2d(channels, 4 * GROWTH, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(4 * GROWTH)
        self.conv2 = nn.Conv2d(4 * GROWTH, GROWTH, 3, padding=1, bias=False)

    def forward(self, x):
        y = self.conv1(torch.relu(self.bn1(x)))
        return torch.cat([x, self.conv2(torch.relu(self.bn2(y)))], 1)


class Dense(nn.Module):
    def __init__(self, channels):
        super().__init__()
        for i in range(LAYERS):
            self.add_module(f"layer{i + 1}", Bottleneck(channels + i * GROWTH))

    def forward(self, x):
        for layer in self.children():
            x = layer(x)
        return x


class Transition(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.bn = nn.BatchNorm2d(channels)
        self.conv = nn.Conv2d(channels, channels // 2, 1, bias=False)

    def forward(self, x):
        return nn.functional.avg_pool2d(self.conv(torch.relu(self.bn(x))), 2)


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        channels = 2 * GROWTH
        self.conv1 = nn.Conv2d(3, channels, 3, padding=1, bias=False)
        for block in (1, 2, 3):
            self.add_module(f"dense{block}", Dense(channels))
            channels += LAYERS * GROWTH
            if block < 3:
                self.add_module(f"transition{block}", Transition(channels))
                channels //= 2
        self.batchnorm1 = nn.BatchNorm2d(channels)
        self.features = channels

    def forward(self, x):
        x = self.transition1(self.dense1(self.conv1(x)))
        x = self.dense3(self.transition2(self.dense2(x)))
        return torch.relu(self.batchnorm1(x)).mean((2, 3))


class SequenceHead(nn.Module):
    def __init__(self, features):
        super().__init__()
        self.gru1 = nn.GRU(features, HIDDEN, 2, batch_first=True)
        self.linear1 = nn.Linear(HIDDEN, CLASSES)

    def forward(self, sequences):
        return torch.stack([self.linear1(self.gru1(s[None])[0].sum(1))[0] for s in sequences])


class TaoNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Encoder()
        self.sequence = SequenceHead(self.encoder.features)
        self.triplet = nn.Sequential()
        self.triplet.add_module("linear1", nn.Linear(self.encoder.features, CLASSES))

    def forward(self, triplets):
        features = self.encoder(triplets)
        return self.sequence(torch.split(features, LENGTHS)), self.triplet(features)


def randomise(model):
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.normal_(0, 0.1)
    # PyTorch's start values give logits near 0; trained ones reach several
    for head, factor in ((model.sequence, 3), (model.triplet, 15)):
        for parameter in head.parameters():
            parameter.mul_(factor)


def write_safetensors(path, tensors):
    header, offset = {}, 0
    for name, tensor in tensors:
        size = tensor.numel() * tensor.element_size()
        kind = {torch.float32: "F32", torch.int64: "I64"}[tensor.dtype]
        header[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, tensor in tensors:
            file.write(tensor.contiguous().numpy().tobytes())


def main():
    if len(sys.argv) != 2:
        print("usage: taonet_parity.py build/tests/arch/test_taonet_parity", file=sys.stderr)
        return 2
    torch.manual_seed(20)
    with torch.no_grad(), tempfile.TemporaryDirectory() as folder:
        model = TaoNet().eval()
        randomise(model)
        scales = torch.rand(sum(LENGTHS), 3, 1, 1) * 3
        triplets = torch.randn(sum(LENGTHS), 3, SIDE, SIDE) * scales + scales.flip(0)  # no two of them alike
        # state_dict has the I64 num_batches_tracked of every batch norm, as any PyTorch file
        write_safetensors(os.path.join(folder, "weights.safetensors"), list(model.state_dict().items()))
        with open(os.path.join(folder, "lengths.txt"), "w") as file:
            file.write(" ".join(map(str, LENGTHS)) + "\n")
        triplets.numpy().tofile(os.path.join(folder, "triplets.f32"))
        single, double = model(triplets), model.double()(triplets.double())
        for bits, results in ((32, single), (64, double)):
            for name, values in zip(("sequence", "triplet"), results):
                values.float().numpy().tofile(os.path.join(folder, f"{name}{bits}.f32"))
        program = os.path.abspath(sys.argv[1])
        return subprocess.run([program], env=dict(os.environ, EPOCHAL_PARITY_DIR=folder)).returncode


if __name__ == "__main__":
    sys.exit(main())
