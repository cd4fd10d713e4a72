#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Saliency and Grad-CAM by PyTorch's autograd, for tests/train/test_explain.c to repeat.

    make_explain_fixture.py      writes fixtures/explain-NAME.net, explain-NAME.safetensors, explain.txt and explain.bin

Needs Debian's python3-torch. Weights and inputs are float32; all is computed in double precision from them. The text says
line by line what comes next, the numbers, float32, stand in the same order in the other file:
    model NAME HEAD COUNT      a network; COUNT triplets or stamps of its planes follow
    mjds N                     ... and, of a sequence, the dates of the nights of all triplets (double as decimal text behind N)
    saliency CLASS SCORE N     the derivative of SCORE (probability or logit) of class number CLASS (-1: the predicted one)
    gradcam CLASS SCORE LAYER N W   N numbers of the weighted maps, then W weights; LAYER -: the usual one
"""
import json
import os
import struct

import torch
import torch.nn.functional as F
from torch import nn

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fixtures")


class Pair(nn.Module):
    def __init__(self, channels, growth):
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(channels), nn.Conv2d(channels, 4 * growth, 1, bias=False)
        self.bn2, self.conv2 = nn.BatchNorm2d(4 * growth), nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False)

    def forward(self, x):
        return torch.cat([x, self.conv2(F.relu(self.bn2(self.conv1(F.relu(self.bn1(x))))))], 1)


class Dense(nn.Module):
    def __init__(self, channels, layers, growth):
        super().__init__()
        for i in range(layers):
            self.add_module(f"layer{i + 1}", Pair(channels + i * growth, growth))

    def forward(self, x):
        for pair in self.children():
            x = pair(x)
        return x


class Transition(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.bn, self.conv = nn.BatchNorm2d(channels), nn.Conv2d(channels, channels // 2, 1, bias=False)

    def forward(self, x):
        return F.avg_pool2d(self.conv(F.relu(self.bn(x))), 2)


class FlattenHwc(nn.Module):
    def forward(self, x):
        return x.permute(0, 2, 3, 1).flatten(1)


class Gap(nn.Module):
    def forward(self, x):
        return x.mean((2, 3))


class Gru(nn.GRU):
    def forward(self, x):
        return super().forward(x[None])[0].sum(1)


def chain(**layers):
    net = nn.Sequential()
    for name, layer in layers.items():
        net.add_module(name, layer)
    return net


class Model(nn.Module):
    """Encoder and head; what layer gave what is kept for Grad-CAM."""

    def __init__(self, name, text, head, encoder, last, fusion="early", dates=False):
        super().__init__()
        self.name, self.text, self.head_name, self.fusion, self.dates = name, text, head, fusion, dates
        self.encoder = encoder
        self.add_module(head, last)

    def forward(self, x, years):
        count, planes, h, w = x.shape
        if self.fusion == "joined":
            x = torch.cat([x[:, p:p + 1] for p in range(planes)], 3)
        if self.fusion == "late":
            x = x.reshape(count * planes, 1, h, w)
        self.maps = {}
        for name, layer in self.encoder.named_children():
            x = layer(x)
            self.maps[name] = x
            x.retain_grad()
        x = x.reshape(count, -1)
        if self.dates:
            x = torch.cat([x, years], 1)
        return getattr(self, self.head_name)(x)[0]


def score(logits, which, kind):
    """The score, its class: of one output, z is the logit of class 1 and -z that of class 0."""
    p = torch.stack([torch.sigmoid(-logits[0]), torch.sigmoid(logits[0])]) if len(logits) == 1 else torch.softmax(logits, 0)
    s = torch.stack([-logits[0], logits[0]]) if len(logits) == 1 else logits
    c = int(p.argmax()) if which < 0 else which
    return (p if kind == "probability" else s)[c]


def randomise(model, generator):
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            n = m.num_features
            m.running_mean.copy_(torch.randn(n, generator=generator) * 0.1)
            m.running_var.copy_(torch.rand(n, generator=generator) + 0.5)
            m.weight.data.copy_(torch.rand(n, generator=generator) + 0.5)
            m.bias.data.copy_(torch.randn(n, generator=generator) * 0.1)
        elif isinstance(m, (nn.Conv2d, nn.Linear)):
            m.weight.data.copy_(torch.randn(m.weight.shape, generator=generator) * (2 / m.weight[0].numel()) ** 0.5)
            if m.bias is not None:
                m.bias.data.copy_(torch.randn(m.bias.shape, generator=generator) * 0.1)
        elif isinstance(m, nn.GRU):
            for p in m.parameters():
                p.data.copy_(torch.randn(p.shape, generator=generator) * 0.4)


def write_safetensors(path, tensors):
    header, offset = {}, 0
    for name, tensor in tensors:
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [offset, offset + 4 * tensor.numel()]}
        offset += 4 * tensor.numel()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, tensor in tensors:
            file.write(tensor.float().contiguous().numpy().tobytes())


def small(channels):
    """The encoder of the stamps: what there is of layers, with a pool behind the last convolution."""
    return chain(conv1=nn.Conv2d(channels, 4, 3, padding=1), relu1=nn.ReLU(), batchnorm1=nn.BatchNorm2d(4), maxpool1=nn.MaxPool2d(2),
                 dropout1=nn.Dropout(0.5), conv2=nn.Conv2d(4, 6, 3), relu2=nn.ReLU(), maxpool2=nn.MaxPool2d(2), flatten1=FlattenHwc())


SMALL = """encoder
    conv 4 kernel=3 pad=same
    relu
    batchnorm
    maxpool 2
    dropout 0.5
    conv 6 kernel=3 pad=valid
    relu
    maxpool 2
    flatten order=hwc
"""


def models():
    planes = "stamp planes=science,template,difference classes="
    yield Model("early", "network early\ninput planes=3 size=12\n" + SMALL + planes + "star,galaxy,asteroid\n    linear 8\n    relu\n"
                "    dropout 0.3\n    linear classes\n    softmax\n", "stamp", small(3),
                chain(linear1=nn.Linear(24, 8), relu1=nn.ReLU(), linear2=nn.Linear(8, 3))), 1
    yield Model("joined", "network joined\ninput planes=3 size=12\njoin horizontal\n" + SMALL + planes + "bogus,real\n    linear 1\n    sigmoid\n",
                "stamp", small(1), chain(linear1=nn.Linear(96, 1)), "joined"), 1
    yield Model("late", "network late\ninput planes=3 size=12\nfusion late\n" + SMALL + planes + "bogus,real\n    linear 1\n    sigmoid\n",
                "stamp", small(1), chain(linear1=nn.Linear(72, 1)), "late"), 1
    dense = """encoder
    conv 4 kernel=3 pad=same bias=0
    dense layers=2 growth=3
    transition compression=0.5
    dense layers=1 growth=3
    batchnorm
    relu
    gap
"""
    head = "classes=SN,CV,NON\n    gru 5 layers=2 output=sum\n    linear classes\n    softmax\n"
    for name, fusion, channels, features in ("sequence", "early", 3, 8), ("nights", "late", 1, 24):
        encoder = chain(conv1=nn.Conv2d(channels, 4, 3, padding=1, bias=False), dense1=Dense(4, 2, 3), transition1=Transition(10),
                        dense2=Dense(5, 1, 3), batchnorm1=nn.BatchNorm2d(8), relu1=nn.ReLU(), gap1=Gap())
        yield Model(name, f"network {name}\ninput planes=3 size=10\nfusion {fusion}\n" + dense + "sequence nights=3 stride=1 dates=on " + head,
                    "sequence", encoder, chain(gru1=Gru(features + 3, 5, 2, batch_first=True), linear1=nn.Linear(5, 3)), fusion, True), 5


def main():
    generator = torch.Generator().manual_seed(11)
    text, numbers = open(os.path.join(HERE, "explain.txt"), "w"), open(os.path.join(HERE, "explain.bin"), "wb")

    def put(tensor):
        numbers.write(tensor.detach().float().contiguous().numpy().tobytes())

    for model, count in models():
        randomise(model, generator)
        model = model.double().eval()
        prefix = os.path.join(HERE, f"explain-{model.name}")
        with open(prefix + ".net", "w") as file:
            file.write(model.text)
        write_safetensors(prefix + ".safetensors", [(k, v) for k, v in model.state_dict().items() if "num_batches" not in k])
        side = 12 if count == 1 else 10
        nights = torch.randn(count + 2, side, side, generator=generator)
        dates = [53000 + 7 * i + i * i for i in range(count + 2)]
        x = torch.stack([nights[i:i + 3] for i in range(count)]).double()
        years = torch.tensor([[(dates[i] - dates[max(i - 1, 0)]) / 365.25 for i in range(t, t + 3)] for t in range(count)], dtype=torch.float32).double()
        text.write(f"model {model.name} {model.head_name} {count}\n")
        put(x)
        if count > 1:
            text.write(f"mjds {3 * count} " + " ".join(str(dates[i]) for t in range(count) for i in range(t, t + 3)) + "\n")
        for which, kind in (-1, "probability"), (0, "probability"), (1, "probability"), (0, "logit"), (1, "logit"):
            x.requires_grad_(True)
            x.grad = None
            score(model(x, years), which, kind).backward()
            text.write(f"saliency {which} {kind} {x.numel()}\n")
            put(x.grad)
        usual = "relu2" if count == 1 else "relu1"
        for which, kind, layer in (-1, "probability", "-"), (1, "logit", "-"), (0, "probability", "conv1"):
            score(model(x, years), which, kind).backward()
            maps = model.maps[usual if layer == "-" else layer]
            weights = maps.grad.mean((2, 3))
            cam = (weights[:, :, None, None] * maps).sum(1)
            text.write(f"gradcam {which} {kind} {layer} {cam.numel()} {weights.numel()}\n")
            put(cam)
            put(weights)
    text.close()
    numbers.close()


if __name__ == "__main__":
    main()
