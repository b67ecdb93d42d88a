#!/usr/bin/env python3
"""Writes a model file's network as ONNX for one frame size.

    export_onnx.py models/starry-johnson.safetensors starry.onnx --size 1280x720
    export_onnx.py models/starry.safetensors starry.onnx --norm moments --enlargement product

The graph takes `frame`, float32 [1, 3, H, W], RGB 0...255, and gives `stylized`, of the same shape and not clamped.
Reflect padding is `Pad`, upsampling is `Resize` (nearest). Two things have several forms that compute the same; runtimes
differ in which one they have a fast kernel for:

    --norm         instance   InstanceNormalization
                   layer      LayerNormalization over the pixels of a channel, then its scale and bias
                   moments    ReduceMean, Sub, Mul, ReduceMean, Sqrt, Div, then scale and bias
    --enlargement  resize     Resize (linear) from the canvas to the film
                   product    MatMul of windows of the canvas and the weights between them, along each axis

The way to the canvas is MatMul with the block of weights that the ratio of the extents repeats.
"""

import argparse
import sys

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

import canvas
import network
from folding import folded

OPSET = 21
IR_VERSION = 10
NORM_FORMS = ("instance", "layer", "moments")
ENLARGEMENT_FORMS = ("resize", "product")


def forms(graph, norms=NORM_FORMS):
    """The names of a network's forms with these norms: `instance`, or `instance-resize` where there is a canvas."""
    return norms if graph.canvas is None else tuple(f"{norm}-{form}" for norm in norms for form in ENLARGEMENT_FORMS)


class GraphBuilder:
    """ONNX nodes one after another; each method returns the name of its result."""

    def __init__(self, model, width, height, norm_form, enlargement_form):
        self.model, self.norm_form, self.enlargement_form = model, norm_form, enlargement_form
        self.graph, self.shapes = model.network, model.network.shapes(height, width)
        self.nodes, self.initializers = [], {}

    def constant(self, name, array):
        self.initializers[name] = numpy_helper.from_array(numpy.ascontiguousarray(array), name)
        return name

    def floats(self, name, array):
        return self.constant(name, numpy.asarray(array, "f4"))

    def node(self, operator, inputs, name, **attributes):
        self.nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        return name

    def parameter(self, name, shape=None):
        array = self.model[name]
        return self.constant(name, array if shape is None else array.reshape(shape))

    def build(self):
        """Every node of the network; the last one's value is called stylized."""
        values = []
        for index, node in enumerate(self.graph.nodes):
            name = node.name or f"{node.operation}{index}"
            operands = [values[source] for source in node.inputs]
            values.append(getattr(self, node.operation)(index, node, name, operands))
        if self.nodes and self.nodes[-1].output[0] == values[-1]:
            self.nodes[-1].output[0] = "stylized"
        else:
            self.node("Identity", [values[-1]], "stylized")

    # The network's operations

    def input(self, *_):
        return "frame"

    def convolution(self, index, node, name, operands):
        weight = self.model[name + ".weight"]
        source = self.graph.nodes[node.inputs[0]]
        if source.operation == "pixelUnshuffle" and self.has_block_order(node.inputs[0]):
            # Channels as SpaceToDepth orders them.
            outputs, inputs, *kernel = weight.shape
            places = source.factor**2
            weight = weight.reshape(outputs, inputs // places, places, *kernel).swapaxes(1, 2).reshape(weight.shape)
        return self.convolved(node, name, operands[0], weight, self.model[name + ".bias"])

    def depthwiseConvolution(self, index, node, name, operands):
        parameters = self.model[name + ".weight"], self.model[name + ".bias"]
        return self.convolved(node, name, operands[0], *parameters, group=node.channels)

    def convolved(self, node, name, value, weight, bias, group=1):
        border = node.border
        if border and node.padding == "reflect":
            value, border = self.padded(value, border, f"{name}.pad"), 0
        return self.conv(value, name, weight, bias, strides=[node.stride] * 2, pads=[border] * 4, group=group)

    def conv(self, value, name, weight, bias=None, **attributes):
        inputs = [value, self.floats(name + ".weight", weight)]
        if bias is not None:
            inputs.append(self.floats(name + ".bias", bias))
        return self.node("Conv", inputs, name, kernel_shape=list(weight.shape[2:]), **attributes)

    def padded(self, value, border, name, mode="reflect"):
        pads = self.constant(f"pads{border}", numpy.array([0, 0, border, border] * 2, "i8"))
        return self.node("Pad", [value, pads], name, mode=mode)

    def instanceNorm(self, index, node, name, operands):
        (value,) = operands
        channels, height, width = self.shapes[index]
        if self.norm_form == "instance":
            inputs = [value, self.parameter(name + ".weight"), self.parameter(name + ".bias")]
            return self.node("InstanceNormalization", inputs, name, epsilon=network.EPSILON)
        if self.norm_form == "layer":
            rows = self.constant("norm.rows", numpy.array([0, 0, -1], "i8"))
            flat = self.node("Reshape", [value, rows], f"{name}.flat")
            pixels = self.constant(f"{name}.pixels", numpy.array([height * width], "i8"))
            ones = self.node(
                "ConstantOfShape", [pixels], f"{name}.ones", value=helper.make_tensor("one", TensorProto.FLOAT, [1], [1.0])
            )
            flat = self.node("LayerNormalization", [flat, ones], f"{name}.unit", axis=-1, epsilon=network.EPSILON)
            value = self.reshaped(flat, (1, channels, height, width), f"{name}.image")
        else:
            axes = self.constant("norm.axes", numpy.array([2, 3], "i8"))
            mean = self.node("ReduceMean", [value, axes], f"{name}.mean")
            centered = self.node("Sub", [value, mean], f"{name}.centered")
            squares = self.node("Mul", [centered, centered], f"{name}.squares")
            variance = self.node("ReduceMean", [squares, axes], f"{name}.variance")
            sum_ = self.node("Add", [variance, self.floats("norm.epsilon", network.EPSILON)], f"{name}.sum")
            deviation = self.node("Sqrt", [sum_], f"{name}.deviation")
            value = self.node("Div", [centered, deviation], f"{name}.unit")
        shape = (channels, 1, 1)
        scaled = self.node("Mul", [value, self.parameter(name + ".weight", shape)], f"{name}.scaled")
        return self.node("Add", [scaled, self.parameter(name + ".bias", shape)], name)

    def relu(self, index, node, name, operands):
        return self.node("Relu", operands, name)

    def leakyReLU(self, index, node, name, operands):
        return self.node("LeakyRelu", operands, name, alpha=float(node.slope))

    def add(self, index, node, name, operands):
        return self.node("Add", operands, name)

    def upsampleNearest(self, index, node, name, operands):
        scales = self.floats("upsample.scales", [1, 1, 2, 2])
        return self.node(
            "Resize", [operands[0], "", scales], name, mode="nearest", nearest_mode="floor",
            coordinate_transformation_mode="asymmetric",
        )  # fmt: skip

    def has_block_order(self, index):
        """Whether convolutions alone read this pixelUnshuffle, so that the order of its channels can be theirs."""
        return all(self.graph.nodes[reader].operation == "convolution" for reader in self.graph.readers(index))

    def pixelUnshuffle(self, index, node, name, operands):
        if self.has_block_order(index):
            return self.node("SpaceToDepth", operands, name, blocksize=node.factor)
        channels, height, width = self.shapes[index]
        factor = node.factor
        shape = (1, channels // factor**2, height, factor, width, factor)
        value = self.reshaped(operands[0], shape, f"{name}.blocks")
        value = self.node("Transpose", [value], f"{name}.order", perm=[0, 1, 3, 5, 2, 4])
        return self.reshaped(value, (1, channels, height, width), name)

    def pixelShuffle(self, index, node, name, operands):
        return self.node("DepthToSpace", operands, name, blocksize=node.factor, mode="CRD")

    def affine(self, index, node, name, operands):
        scaled = self.node("Mul", [operands[0], self.floats(f"{name}.scale", node.scale)], f"{name}.scaled")
        return self.node("Add", [scaled, self.floats(f"{name}.offset", node.offset)], name)

    def scaledTanh(self, index, node, name, operands):
        return self.affine(index, node, name, [self.node("Tanh", operands, f"{name}.tanh")])

    # The canvas

    def reshaped(self, value, shape, name):
        return self.node("Reshape", [value, self.constant(f"{name}.shape", numpy.array(shape, "i8"))], name)

    def canvas(self, index, node, name, operands):
        """Rows first: they lie whole in memory, and fewer are left for the columns."""
        (value,) = operands
        channels, height, width = self.shapes[index]
        _, rows, columns = self.shapes[0]
        if height != rows:
            block = canvas.repeated_block(canvas.area(rows, height))
            value = self.reshaped(value, (channels * height // block.shape[0], block.shape[1], columns), f"{name}.rows")
            value = self.node("MatMul", [self.floats(f"{name}.down", block), value], f"{name}.lower")
        if width != columns:
            block = canvas.repeated_block(canvas.area(columns, width)).T
            value = self.reshaped(value, (channels * height * columns // block.shape[0], block.shape[0]), f"{name}.columns")
            value = self.node("MatMul", [value, self.floats(f"{name}.across", block)], f"{name}.narrower")
        return self.reshaped(value, (1, channels, height, width), name)

    def revision(self, index, node, name, operands):
        film, draft = operands
        _, height, width = self.shapes[index]
        _, rows, columns = self.shapes[node.inputs[1]]
        draft = self.sharpened(draft, (rows, columns), (height, width), f"{name}.sharpened")
        base = self.enlarged(draft, (3, rows, columns), (height, width), f"{name}.base")
        if node.channels == 0:
            return base
        picture = "frame" if self.graph.canvas is None else self.canvas_value
        luma = self.conv(picture, f"{name}.luma", numpy.reshape(canvas.LUMA, (1, 3, 1, 1)))
        centres = self.node("Concat", [draft, luma], f"{name}.levels", axis=1)
        centres = self.enlarged(centres, (4, rows, columns), (height // 2, width // 2), f"{name}.centres")
        luma = self.enlarged(luma, (1, rows, columns), (height, width), f"{name}.canvas_luma")
        blocks = [
            self.conv(film, f"{name}.film_blocks", canvas.luma_kernel(canvas.LUMA), strides=[2, 2]),
            self.conv(luma, f"{name}.canvas_blocks", canvas.luma_kernel((-1,)), strides=[2, 2]),
        ]
        blocks = self.node("Add", blocks, f"{name}.laplacian")
        value = self.node("Concat", [blocks, centres], f"{name}.values", axis=1)
        weight1, bias1, weight2, bias2 = canvas.revision_parameters(self.model, name)
        value = self.conv(self.padded(value, 1, f"{name}.conv1.pad"), f"{name}.conv1", weight1, bias1)
        value = self.node("Relu", [value], f"{name}.relu")
        value = self.conv(self.padded(value, 1, f"{name}.conv2.pad"), f"{name}.conv2", weight2, bias2)
        value = self.node("DepthToSpace", [value], f"{name}.residual", blocksize=2, mode="CRD")
        return self.node("Add", [base, value], name)

    @property
    def canvas_value(self):
        index = self.graph.canvas
        return self.graph.nodes[index].name or f"canvas{index}"

    def sharpened(self, value, extents, film, name):
        gains = [canvas.sharpening_gain(inputs, outputs) for inputs, outputs in zip(extents, film)]
        if gains == [0, 0]:
            return value
        weight = numpy.tile(canvas.sharpening_kernel(*gains), (3, 1, 1, 1))
        return self.conv(self.padded(value, 1, f"{name}.pad", mode="edge"), name, weight, group=3)

    def enlarged(self, value, shape, extents, name):
        """[1, C, h, w] by bilinear interpolation to these extents."""
        if shape[1:] == extents:
            return value
        if self.enlargement_form == "resize":
            sizes = self.constant(f"{name}.sizes", numpy.array([1, shape[0], *extents], "i8"))
            return self.node(
                "Resize", [value, "", "", sizes], name, mode="linear", coordinate_transformation_mode="half_pixel"
            )
        # Columns first, while there are few rows; they become rows for it.
        channels, rows, columns = shape
        height, width = extents
        value = self.node("Transpose", [value], f"{name}.turned", perm=[0, 1, 3, 2])
        value = self.lengthened(value, (channels, columns, rows), width, f"{name}.wider")
        value = self.node("Transpose", [value], f"{name}.upright", perm=[0, 1, 3, 2])
        value = self.lengthened(value, (channels, rows, width), height, f"{name}.higher")
        return self.reshaped(value, (1, channels, height, width), name)

    def lengthened(self, value, shape, extent, name):
        """[1, C, h, w] to [1, C, extent, w]."""
        channels, rows, columns = shape
        places, weights = canvas.windows(canvas.bilinear(rows, extent))
        value = self.node("Gather", [value, self.constant(f"{name}.places", places.astype("i8"))], f"{name}.windows", axis=2)
        value = self.reshaped(value, (channels, *places.shape, columns), f"{name}.window")
        value = self.node("MatMul", [self.floats(f"{name}.weights", weights), value], f"{name}.products")
        return self.reshaped(value, (1, channels, extent, columns), name)


def make_onnx(model, width, height, norm_form="instance", enlargement_form="resize"):
    """The checked ONNX model for frames of width x height."""
    model.network.check_size(width, height)
    builder = GraphBuilder(folded(model), width, height, norm_form, enlargement_form)
    builder.build()
    shape = [1, 3, height, width]
    graph = helper.make_graph(
        builder.nodes, "network", [helper.make_tensor_value_info("frame", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("stylized", TensorProto.FLOAT, shape)], list(builder.initializers.values()),
    )  # fmt: skip
    result = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    onnx.checker.check_model(result, full_check=True)
    return result


def main():
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], epilog=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", help="a model file, .safetensors")
    parser.add_argument("output", help="the ONNX file to write")
    parser.add_argument("--size", type=network.parse_size, default=(1280, 720), metavar="WxH")
    parser.add_argument("--norm", choices=NORM_FORMS, default="instance", help="the form of instance norm")
    parser.add_argument(
        "--enlargement", choices=ENLARGEMENT_FORMS, default="resize", help="the form of enlargement from the canvas"
    )
    arguments = parser.parse_args()
    try:
        model = network.Model.load(arguments.model)
        onnx.save(make_onnx(model, *arguments.size, arguments.norm, arguments.enlargement), arguments.output)
    except (network.ModelError, OSError) as error:
        sys.exit(f"export_onnx.py: {error}")


if __name__ == "__main__":
    main()
