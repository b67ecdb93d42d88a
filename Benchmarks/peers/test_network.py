#!/usr/bin/env python3
"""Paints a small frame with every peer and compares with reference.py; run by hand with the peers' Python.

    .cache/peers/bin/python Benchmarks/peers/test_network.py

Peers that are not installed are left out, and so is torch.compile, which takes a minute to start. The reference itself is
compared with the golden data of Tests/Golden, which PyTorch made.
"""

import importlib.util
import json
import os
import pathlib
import tempfile
import unittest

import numpy
import safetensors.numpy

import canvas
import network
import reference
from folding import folded
from points import Point, prepare_point
from processes import PeerProcess
from runtimes import RUNTIMES

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "Golden"
MODULES = {"onnxruntime": "onnxruntime", "openvino": "openvino", "ncnn": "ncnn", "pytorch": "torch", "opencv": "cv2"}
# Levels of 255. float32 through up to twenty layers, and positions of enlargement in float32; a parameter or pixel in
# the wrong place is off by tens.
TOLERANCE = 0.02
# The reference computes in double precision, and so did PyTorch, but the golden data are float32.
GOLDEN_TOLERANCE = 1e-4


class Nodes(list):
    """The nodes of a model file's JSON, one after another."""

    def append_node(self, operation, name="", inputs=None, **numbers):
        inputs = inputs if inputs is not None else [len(self) - 1] if self else []
        self.append({"name": name, "operation": {operation: numbers}, "inputs": inputs})
        return len(self) - 1

    def convolution(self, name, inputs, outputs, kernel=3, stride=1, padding="reflect"):
        numbers = {"inputChannels": inputs, "outputChannels": outputs, "kernel": kernel, "stride": stride}
        return self.append_node("convolution", name, padding=padding, **numbers)

    def normalized(self, name, channels):
        self.append_node("instanceNorm", name, channels=channels)
        return self.append_node("relu")

    def block(self, name, channels):
        shortcut = len(self) - 1
        self.convolution(f"{name}.conv1", channels, channels)
        self.normalized(f"{name}.norm1", channels)
        self.convolution(f"{name}.conv2", channels, channels)
        last = self.append_node("instanceNorm", f"{name}.norm2", channels=channels)
        return self.append_node("add", inputs=[shortcut, last])


def johnson(channels=(4, 8, 16), blocks=2):
    """The layers of Johnson's network, with the names that the golden data have."""
    nodes = Nodes()
    first, second, third = channels
    nodes.append_node("input")
    nodes.convolution("conv1.conv2d", 3, first, 9)
    nodes.normalized("in1", first)
    nodes.convolution("conv2.conv2d", first, second, stride=2)
    nodes.normalized("in2", second)
    nodes.convolution("conv3.conv2d", second, third, stride=2)
    nodes.normalized("in3", third)
    for number in range(1, blocks + 1):
        shortcut = len(nodes) - 1
        nodes.convolution(f"res{number}.conv1.conv2d", third, third)
        nodes.normalized(f"res{number}.in1", third)
        nodes.convolution(f"res{number}.conv2.conv2d", third, third)
        nodes.append_node("instanceNorm", f"res{number}.in2", channels=third)
        nodes.append_node("add", inputs=[shortcut, len(nodes) - 1])
    for number, (inputs, outputs) in enumerate(((third, second), (second, first)), 1):
        nodes.append_node("upsampleNearest")
        nodes.convolution(f"deconv{number}.conv2d", inputs, outputs)
        nodes.normalized(f"in{number + 3}", outputs)
    nodes.convolution("deconv3.conv2d", first, 3, 9)
    nodes.append_node("scaledTanh", scale=150, offset=127.5)
    return nodes


def draft_and_revision(channels):
    """A draft that enters through blocks of 2x2 pixels, on a canvas of 64 lines."""
    nodes = Nodes()
    nodes.append_node("input")
    nodes.append_node("canvas", lines=64)
    nodes.append_node("affine", scale=0.007843138, offset=-1)
    nodes.append_node("pixelUnshuffle", factor=2)
    nodes.convolution("head", 12, 8)
    nodes.normalized("head.norm", 8)
    nodes.convolution("down", 8, 16, stride=2)
    nodes.normalized("down.norm", 16)
    nodes.block("res1", 16)
    nodes.append_node("upsampleNearest")
    nodes.convolution("up", 16, 8)
    nodes.normalized("up.norm", 8)
    nodes.append_node("upsampleNearest")
    nodes.convolution("output", 8, 3)
    draft = nodes.append_node("scaledTanh", scale=150, offset=127.5)
    nodes.append_node("revision", "revision", inputs=[0, draft], channels=channels)
    return nodes


def separable():
    """Depthwise convolutions, batch norms that fold and one that does not, both paddings, shuffles, an affine on its own,
    a leaky ReLU."""
    nodes = Nodes()
    nodes.append_node("input")
    nodes.append_node("affine", scale=0.007843138, offset=-1)
    nodes.append_node("depthwiseConvolution", "first", channels=3, kernel=3, stride=1, padding="zeros")
    nodes.append_node("batchNorm", "first.norm", channels=3)
    nodes.append_node("pixelUnshuffle", factor=4)
    nodes.append_node("depthwiseConvolution", "second", channels=48, kernel=5, stride=1, padding="reflect")
    nodes.convolution("second.pointwise", 48, 12, kernel=1, padding="zeros")
    shortcut = nodes.append_node("batchNorm", "second.norm", channels=12)
    nodes.append_node("relu")
    nodes.append_node("depthwiseConvolution", "third", channels=12, kernel=3, stride=2, padding="reflect")
    nodes.append_node("leakyReLU", slope=0.2)
    nodes.append_node("upsampleNearest")
    nodes.append_node("add", inputs=[shortcut, len(nodes) - 1])
    nodes.append_node("batchNorm", "sum.norm", channels=12)
    nodes.convolution("output", 12, 48, padding="zeros")
    nodes.append_node("pixelShuffle", factor=4)
    nodes.append_node("scaledTanh", scale=150, offset=127.5)
    return nodes


def borrowed():
    """What networks of other programs have besides: repeated borders, PReLU, clamping, linear upsampling, joined channels."""
    nodes = Nodes()
    nodes.append_node("input")
    nodes.append_node("affine", scale=0.007843138, offset=-1)
    nodes.convolution("first", 3, 8, stride=2, padding="replicate")
    source = nodes.append_node("parametricReLU", "first.relu", channels=8)
    first = nodes.append_node("upsampleLinear", alignsCorners=False)
    second = nodes.append_node("upsampleLinear", inputs=[source], alignsCorners=True)
    nodes.append_node("concatenation", inputs=[first, second])
    nodes.convolution("second", 16, 8, padding="replicate")
    nodes.append_node("clamp", minimum=-0.25, maximum=0.5)
    nodes.convolution("output", 8, 3)
    nodes.append_node("scaledTanh", scale=150, offset=127.5)
    return nodes


# Name: nodes, width and height of the frame. On the second canvas the film is no larger than it.
CASES = {
    "johnson": (johnson(), (48, 32)),
    "realtime": (draft_and_revision(8), (184, 104)),
    "realtime, double": (draft_and_revision(8), (256, 128)),
    "realtime, small": (draft_and_revision(8), (80, 60)),
    "without revision": (draft_and_revision(0), (184, 104)),
    "separable": (separable(), (48, 32)),
    "borrowed": (borrowed(), (48, 32)),
}


def random_parameters(graph, seed=1):
    """Weights of the size of trained ones; norms away from 1 and 0, so that a parameter in the wrong place shows."""
    random = numpy.random.default_rng(seed)
    parameters = {}
    for node in graph.nodes:
        for name, shape in node.parameters.items():
            if len(shape) == 4:
                bound = numpy.prod(shape[1:]) ** -0.5
                low, high = -bound, bound
            elif name.endswith("bias") or name.endswith("running_mean"):
                low, high = -0.5, 0.5
            else:
                low, high = 0.5, 1.5
            parameters[name] = random.uniform(low, high, shape).astype("f4")
    return parameters


def write_model(path, nodes):
    """A model file of these nodes with random parameters."""
    text = json.dumps({"name": "test", "width": 1, "nodes": nodes})
    parameters = random_parameters(network.Network.parse(text))
    safetensors.numpy.save_file(parameters, path, {"format_version": "2", "network": text, "style": "random"})


class PeersPaintTheSamePicture(unittest.TestCase):
    def test_peers(self):
        installed = [peer for peer, module in MODULES.items() if importlib.util.find_spec(module)]
        self.assertTrue(installed)
        for name, (nodes, size) in CASES.items():
            with tempfile.TemporaryDirectory(prefix="impasto-peers-") as folder:
                path = pathlib.Path(folder) / "model.safetensors"
                write_model(path, nodes)
                graph = prepare_point(folder, path, size, pathlib.Path("no clip"), installed)
                pixels = numpy.fromfile(pathlib.Path(folder) / "frame.rgb", "u1").reshape(size[1], size[0], 3)
                frame = numpy.ascontiguousarray(pixels.transpose(2, 0, 1), "f4")
                model = network.Model.load(path)
                expected = reference.paint(model, frame)
                self.assertLess(numpy.abs(reference.paint(folded(model), frame) - expected).max(), TOLERANCE)
                # Rather a picture than a grey plane.
                self.assertGreater(expected.std(), 5)
                point = Point(folder, name, "random", size, 1, tuple(sorted(os.sched_getaffinity(0))[:1]))
                for peer in installed:
                    for variant in RUNTIMES[peer].variants(graph):
                        if not point.supports(peer, variant) or variant in RUNTIMES[peer].slow_variants:
                            continue
                        with self.subTest(network=name, peer=peer, variant=variant):
                            with PeerProcess(peer, variant, point) as process:
                                difference = numpy.abs(process.result() - expected.transpose(1, 2, 0)).max()
                            self.assertLess(difference, TOLERANCE)


class TheReferenceIsPyTorchs(unittest.TestCase):
    def test_johnson(self):
        golden = safetensors.numpy.load_file(GOLDEN / "network.safetensors")
        weights = {name.removeprefix("weights."): value for name, value in golden.items() if name.startswith("weights.")}
        text = json.dumps({"name": "johnson", "width": 1, "nodes": johnson(channels=(2, 4, 8), blocks=5)})
        model = network.Model(network.Network.parse(text), weights)
        for picture, expected in zip(golden["input"], golden["output"]):
            found = reference.paint(model, picture.transpose(2, 0, 1)).transpose(1, 2, 0)
            numpy.testing.assert_allclose(found, expected, atol=255 * GOLDEN_TOLERANCE)

    def test_revision(self):
        golden = safetensors.numpy.load_file(GOLDEN / "canvas.safetensors")
        parts = [golden[f"revision.{part}"] for part in ("conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias")]
        for film, draft, expected in zip(*(golden[f"revision.{part}"] for part in ("film", "draft", "output"))):
            film, draft = (value.transpose(2, 0, 1).astype("f8") for value in (film, draft))
            found = reference.revised(film, draft, *parts)
            scale = numpy.abs(expected).max()
            numpy.testing.assert_allclose(found.transpose(1, 2, 0), expected, atol=scale * GOLDEN_TOLERANCE)

    def test_canvas(self):
        golden = safetensors.numpy.load_file(GOLDEN / "canvas.safetensors")

        def check(name, painted, axes_weights):
            for picture, expected in zip(golden[f"{name}.input"], golden[f"{name}.output"]):
                picture, expected = picture.transpose(2, 0, 1).astype("f8"), expected.transpose(2, 0, 1)
                numpy.testing.assert_allclose(painted(picture, *expected.shape[1:]), expected, atol=GOLDEN_TOLERANCE)
                down, across = (axes_weights(*pair) for pair in zip(picture.shape[1:], expected.shape[1:]))
                numpy.testing.assert_allclose(down @ picture @ across.T, expected, atol=GOLDEN_TOLERANCE)

        for name in ("area_reduction", "area_enlargement"):
            check(name, reference.reduced, canvas.area)
        for name in ("bilinear", "bilinear_reduction"):
            check(name, reference.enlarged, canvas.bilinear)


class NetworksAreChecked(unittest.TestCase):
    def test_extents(self):
        self.assertEqual(canvas.extents(256, 720, 1280, 4), (256, 456))
        self.assertEqual(canvas.extents(256, 120, 163, 4), (120, 164))

    def test_size_multiple(self):
        for name, expected in {"johnson": 4, "realtime": 4, "separable": 8}.items():
            self.assertEqual(network.Network.parse(json.dumps({"nodes": CASES[name][0]})).size_multiple, expected)

    def test_multiply_adds(self):
        nodes = Nodes()
        nodes.append_node("input")
        nodes.append_node("canvas", lines=64)
        nodes.convolution("mix", 3, 3)
        nodes.append_node("revision", "revision", inputs=[0, 2], channels=8)
        graph = network.Network.parse(json.dumps({"nodes": nodes}))
        model = network.Model(graph, random_parameters(graph))
        self.assertEqual(model.multiply_adds(256, 128), 64 * 128 * 81 + 64 * 128 * 8 * 9 * 20)

    def test_refusals(self):
        def changed(nodes, index, **fields):
            result = [dict(node) for node in nodes]
            result[index].update(fields)
            return json.dumps({"name": "bad", "nodes": result})

        plain, canvas_nodes = johnson(), draft_and_revision(8)
        last = len(canvas_nodes) - 1
        small = Nodes(canvas_nodes[:2])
        small.convolution("mix", 3, 3, stride=2)
        small.append_node("revision", "revision", inputs=[0, 2], channels=8)
        convolution = {"inputChannels": 5, "outputChannels": 4, "kernel": 9, "stride": 1, "padding": "reflect"}
        edge = convolution | {"inputChannels": 3, "padding": "edge"}
        refusals = {
            "not JSON": "johnson",
            "a list 'nodes'": "[]",
            "first node is not the input": '{"nodes": []}',
            "'warp' is not known": changed(plain, 2, operation={"warp": {}}),
            "not an object of one key": changed(plain, 2, operation={}),
            "expects 5 channels, but reads 3": changed(plain, 1, operation={"convolution": convolution}),
            "has the fields": changed(plain, 1, operation={"convolution": {"kernel": 3}}),
            "'kernel' is '9'": changed(plain, 1, operation={"convolution": convolution | {"kernel": "9"}}),
            "padding 'edge'": changed(plain, 1, operation={"convolution": edge}),
            "must read 1 earlier node(s)": changed(plain, 3, inputs=[3]),
            "needs a name of its own": changed(plain, 4, name="conv1.conv2d"),
            "the output is [4,": json.dumps({"nodes": plain[:3]}),
            "a canvas without a revision": json.dumps({"nodes": canvas_nodes[:-1]}),
            "a canvas of 63 lines": changed(canvas_nodes, 1, operation={"canvas": {"lines": 63}}),
            "reads input and draft": changed(canvas_nodes, last, inputs=[1, last - 1]),
            "may read the input beside": changed(canvas_nodes, 2, inputs=[0]),
            "the draft is": json.dumps({"nodes": small}),
        }
        for words, text in refusals.items():
            with self.subTest(words):
                with self.assertRaises(network.ModelError) as caught:
                    network.Network.parse(text)
                self.assertIn(words, str(caught.exception))
                self.assertNotIn("\n", str(caught.exception))

    def test_parameters(self):
        graph = network.Network.parse(json.dumps({"name": "test", "nodes": johnson()}))
        parameters = random_parameters(graph)
        changes = {
            "no parameter in1.bias": {name: value for name, value in parameters.items() if name != "in1.bias"},
            "in1.bias is float32 [5]": parameters | {"in1.bias": numpy.zeros(5, "f4")},
            "stranger belongs to no node": parameters | {"stranger": numpy.zeros(5, "f4")},
        }
        for words, changed in changes.items():
            with self.subTest(words), self.assertRaises(network.ModelError) as caught:
                network.Model(graph, changed)
            self.assertIn(words, str(caught.exception))

    def test_foreign_file(self):
        with tempfile.TemporaryDirectory(prefix="impasto-peers-") as folder:
            path = pathlib.Path(folder) / "old.safetensors"
            safetensors.numpy.save_file({"a": numpy.zeros(1, "f4")}, path, {"format_version": "1", "network": "johnson"})
            with self.assertRaises(network.ModelError) as caught:
                network.Model.load(path)
            self.assertIn("old.safetensors: format version 1, expected", str(caught.exception))


if __name__ == "__main__":
    unittest.main()
