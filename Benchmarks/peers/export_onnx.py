#!/usr/bin/env python3
"""Writes a model file's network as ONNX for one frame size.

    export_onnx.py models/starry-half.safetensors starry.onnx --size 1280x720
    export_onnx.py --self-check

The graph takes `frame`, float32 [1, 3, H, W], RGB 0...255, and gives `stylized`, of the same shape and not clamped.
Reflect padding is `Pad`, upsampling is `Resize` (nearest). Instance norm has several forms that compute the same;
runtimes differ in which one they have a fast kernel for:

    instance   InstanceNormalization
    layer      LayerNormalization over the pixels of a channel, then its scale and bias
    moments    ReduceMean, Sub, Mul, ReduceMean, Sqrt, Div, then scale and bias

--self-check compares every form with a direct computation in double precision by means of ONNX's reference evaluator.
"""

import argparse
import sys

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

import network

OPSET = 21
IR_VERSION = 10
NORM_FORMS = ("instance", "layer", "moments")


class GraphBuilder:
    """Nodes one after another; each method returns the name of its result."""

    def __init__(self, model, norm_form):
        self.model, self.norm_form = model, norm_form
        self.nodes, self.initializers = [], {}

    def constant(self, name, array):
        self.initializers[name] = numpy_helper.from_array(numpy.ascontiguousarray(array), name)
        return name

    def node(self, operator, inputs, name, **attributes):
        self.nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        return name

    def parameter(self, name, shape=None):
        array = self.model[name]
        return self.constant(name, array if shape is None else array.reshape(shape))

    def layer(self, value, layer):
        name = layer.convolution.removesuffix(".conv2d")
        if layer.upsample:
            scales = self.constant("upsample.scales", numpy.array([1, 1, 2, 2], "f4"))
            value = self.node(
                "Resize", [value, "", scales], f"{name}.upsample", mode="nearest", nearest_mode="floor",
                coordinate_transformation_mode="asymmetric",
            )  # fmt: skip
        border = layer.kernel // 2
        pads = self.constant(f"pads{border}", numpy.array([0, 0, border, border] * 2, "i8"))
        value = self.node("Pad", [value, pads], f"{name}.pad", mode="reflect")
        value = self.node(
            "Conv", [value, self.parameter(layer.convolution + ".weight"), self.parameter(layer.convolution + ".bias")],
            layer.convolution, kernel_shape=[layer.kernel] * 2, strides=[layer.stride] * 2, pads=[0] * 4,
        )  # fmt: skip
        if layer.norm:
            value = self.norm(value, layer.norm)
        if layer.relu:
            value = self.node("Relu", [value], f"{name}.relu")
        return value

    def norm(self, value, name):
        channels = len(self.model[name + ".weight"])
        if self.norm_form == "instance":
            inputs = [value, self.parameter(name + ".weight"), self.parameter(name + ".bias")]
            return self.node("InstanceNormalization", inputs, name, epsilon=network.EPSILON)
        if self.norm_form == "layer":
            shape = self.node("Shape", [value], f"{name}.shape")
            rows = self.constant("norm.rows", numpy.array([0, 0, -1], "i8"))
            flat = self.node("Reshape", [value, rows], f"{name}.flat")
            ones = self.node(
                "ConstantOfShape", [self.node("Shape", [flat], f"{name}.pixels", start=2)], f"{name}.ones",
                value=helper.make_tensor("one", TensorProto.FLOAT, [1], [1.0]),
            )  # fmt: skip
            flat = self.node("LayerNormalization", [flat, ones], f"{name}.unit", axis=-1, epsilon=network.EPSILON)
            value = self.node("Reshape", [flat, shape], f"{name}.image")
        else:
            axes = self.constant("norm.axes", numpy.array([2, 3], "i8"))
            mean = self.node("ReduceMean", [value, axes], f"{name}.mean")
            centered = self.node("Sub", [value, mean], f"{name}.centered")
            squares = self.node("Mul", [centered, centered], f"{name}.squares")
            variance = self.node("ReduceMean", [squares, axes], f"{name}.variance")
            epsilon = self.constant("norm.epsilon", numpy.array(network.EPSILON, "f4"))
            sum_ = self.node("Add", [variance, epsilon], f"{name}.sum")
            deviation = self.node("Sqrt", [sum_], f"{name}.deviation")
            value = self.node("Div", [centered, deviation], f"{name}.unit")
        shape = (channels, 1, 1)
        scaled = self.node("Mul", [value, self.parameter(name + ".weight", shape)], f"{name}.scaled")
        return self.node("Add", [scaled, self.parameter(name + ".bias", shape)], name)


def make_onnx(model, width, height, norm_form="instance"):
    """The checked ONNX model for frames of width x height."""
    builder = GraphBuilder(model, norm_form)
    value = shortcut = "frame"
    for layer in network.LAYERS:
        if layer.closes_block:
            block = builder.layer(value, layer)
            value = builder.node("Add", [shortcut, block], f"{layer.norm}.add")
        else:
            shortcut = value
            value = builder.layer(value, layer)
    value = builder.node("Tanh", [value], "tanh")
    scale = builder.constant("scale", numpy.array(network.SCALE, "f4"))
    offset = builder.constant("offset", numpy.array(network.OFFSET, "f4"))
    builder.node("Add", [builder.node("Mul", [value, scale], "scaled"), offset], "stylized")
    shape = [1, 3, height, width]
    graph = helper.make_graph(
        builder.nodes, "johnson", [helper.make_tensor_value_info("frame", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("stylized", TensorProto.FLOAT, shape)], list(builder.initializers.values()),
    )  # fmt: skip
    result = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    onnx.checker.check_model(result, full_check=True)
    return result


def direct(model, frame):
    """The network in double precision, written down from its definition: [3, H, W] -> [3, H, W]."""
    value = frame.astype("f8")
    for layer in network.LAYERS:
        if not layer.closes_block:
            shortcut = value
        if layer.upsample:
            value = value.repeat(2, axis=1).repeat(2, axis=2)
        border = layer.kernel // 2
        value = numpy.pad(value, ((0, 0), (border, border), (border, border)), mode="reflect")
        windows = numpy.lib.stride_tricks.sliding_window_view(value, (layer.kernel, layer.kernel), axis=(1, 2))
        windows = windows[:, :: layer.stride, :: layer.stride]
        value = numpy.einsum("ihwyx,oiyx->ohw", windows, model[layer.convolution + ".weight"].astype("f8"))
        value += model[layer.convolution + ".bias"][:, None, None]
        if layer.norm:
            value -= value.mean(axis=(1, 2), keepdims=True)
            value /= numpy.sqrt(value.var(axis=(1, 2), keepdims=True) + network.EPSILON)
            value *= model[layer.norm + ".weight"][:, None, None]
            value += model[layer.norm + ".bias"][:, None, None]
        if layer.relu:
            value = numpy.maximum(value, 0)
        if layer.closes_block:
            value = value + shortcut
    return network.OFFSET + network.SCALE * numpy.tanh(value)


def self_check(model_path=None):
    """Prints each form's largest difference from the direct computation; true where all are within rounding."""
    width, height = 40, 24
    model = network.Model.load(model_path) if model_path else network.Model.random()
    frame = numpy.random.default_rng(2).uniform(0, 255, (3, height, width)).astype("f4")
    expected = direct(model, frame)
    # float32 through sixteen layers; a parameter or pixel in the wrong place is off by tens.
    tolerance = 0.02
    good = True
    for form in NORM_FORMS:
        evaluator = ReferenceEvaluator(make_onnx(model, width, height, form))
        found = evaluator.run(None, {"frame": frame[None]})[0][0]
        difference = numpy.abs(found - expected).max()
        good = good and bool(difference <= tolerance)
        print(f"{form:9} largest difference {difference:.2g} of 255, at most {tolerance} expected")
    return good


def main():
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], epilog=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", nargs="?", help="a model file, .safetensors")
    parser.add_argument("output", nargs="?", help="the ONNX file to write")
    parser.add_argument("--size", type=network.parse_size, default=(1280, 720), metavar="WxH")
    parser.add_argument("--norm", choices=NORM_FORMS, default="instance", help="the form of instance norm")
    parser.add_argument(
        "--self-check", action="store_true", help="compare with ONNX's reference evaluator, write nothing"
    )
    arguments = parser.parse_args()
    try:
        if arguments.self_check:
            sys.exit(0 if self_check(arguments.model) else "export_onnx.py: the graph computes something else")
        if not arguments.model or not arguments.output:
            parser.error("a model file and an output file are needed")
        onnx.save(make_onnx(network.Model.load(arguments.model), *arguments.size, arguments.norm), arguments.output)
    except (network.ModelError, OSError) as error:
        sys.exit(f"export_onnx.py: {error}")


if __name__ == "__main__":
    main()
