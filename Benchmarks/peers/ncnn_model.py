"""Writes a model file's network in ncnn's own format for one frame size: a .param text and a .bin of weights.

ncnn reads no ONNX. Its tools make such files from other formats; writing them ourselves leaves no superfluous layer in them.
"""

import numpy

import canvas
import network
from folding import folded

MAGIC = "7767517"
NORM_FORMS = ("instance", "group")
# Padding's types, Interp's, BinaryOp's operators.
ZEROS, REPLICATE, REFLECT = 0, 1, 2
NEAREST, BILINEAR = 1, 2
ADD, MULTIPLY = 0, 2
# In front of weights that follow as plain float32.
FLOAT32_TAG = b"\0\0\0\0"


class NcnnWriter:
    """Layers one after another: [type, name, inputs, outputs, parameters]; each method returns the name of its result."""

    def __init__(self, model, width, height, norm_form):
        self.model, self.norm_form = model, norm_form
        self.graph, self.shapes = model.network, model.network.shapes(height, width)
        self.layers, self.weights = [], []

    def build(self):
        """Every node of the network; the last one's value is called stylized."""
        self.values = []
        for index, node in enumerate(self.graph.nodes):
            name = node.name or f"{node.operation}{index}"
            operands = [self.values[source] for source in node.inputs]
            self.values.append(getattr(self, node.operation)(index, node, name, operands))
        self.layer("Noop", "stylized", [self.values[-1]])

    def layer(self, kind, name, inputs, **parameters):
        """`parameters` are numbered: _0=..."""
        text = " ".join(f"{key[1:]}={value}" for key, value in parameters.items())
        self.layers.append((kind, name, inputs, [name], text))
        return name

    def floats(self, array, tag=False):
        if tag:
            self.weights.append(FLOAT32_TAG)
        self.weights.append(numpy.ascontiguousarray(array, "<f4").tobytes())

    # The network's operations

    def input(self, *_):
        return self.layer("Input", "frame", [])

    def convolution(self, index, node, name, operands):
        return self.convolved(node, name, operands[0], "Convolution")

    def depthwiseConvolution(self, index, node, name, operands):
        return self.convolved(node, name, operands[0], "ConvolutionDepthWise", _7=node.channels)

    def convolved(self, node, name, value, kind, **parameters):
        border = node.border
        if border and node.padding != "zeros":
            mode = REFLECT if node.padding == "reflect" else REPLICATE
            value, border = self.padded(value, border, f"{name}.pad", mode), 0
        weight, bias = self.model[name + ".weight"], self.model[name + ".bias"]
        return self.conv(value, name, weight, bias, kind, _3=node.stride, _4=border, **parameters)

    def conv(self, value, name, weight, bias=None, kind="Convolution", **parameters):
        sizes = {"_0": len(weight), "_1": weight.shape[2], "_5": int(bias is not None), "_6": weight.size}
        self.layer(kind, name, [value], **sizes, **parameters)
        self.floats(weight, tag=True)
        if bias is not None:
            self.floats(bias)
        return name

    def padded(self, value, border, name, kind=REFLECT):
        return self.layer("Padding", name, [value], _0=border, _1=border, _2=border, _3=border, _4=kind)

    def instanceNorm(self, index, node, name, operands):
        channels = node.channels
        if self.norm_form == "group":
            self.layer("GroupNorm", name, operands, _0=channels, _1=channels, _2=network.EPSILON, _3=1)
        else:
            self.layer("InstanceNorm", name, operands, _0=channels, _1=network.EPSILON, _2=1)
        self.floats(self.model[name + ".weight"])
        self.floats(self.model[name + ".bias"])
        return name

    def relu(self, index, node, name, operands):
        return self.layer("ReLU", name, operands)

    def leakyReLU(self, index, node, name, operands):
        return self.layer("ReLU", name, operands, _0=f"{node.slope:e}")

    def parametricReLU(self, index, node, name, operands):
        self.layer("PReLU", name, operands, _0=node.channels)
        self.floats(self.model[name + ".weight"])
        return name

    def clamp(self, index, node, name, operands):
        return self.layer("Clip", name, operands, _0=f"{node.minimum:e}", _1=f"{node.maximum:e}")

    def concatenation(self, index, node, name, operands):
        return self.layer("Concat", name, operands, _0=0)

    def upsampleLinear(self, index, node, name, operands):
        factors = {"_1": "2.000000e+00", "_2": "2.000000e+00", "_6": int(node.alignsCorners)}
        return self.layer("Interp", name, operands, _0=BILINEAR, **factors)

    def add(self, index, node, name, operands):
        return self.layer("BinaryOp", name, operands, _0=ADD)

    def upsampleNearest(self, index, node, name, operands):
        return self.layer("Interp", name, operands, _0=NEAREST, _1="2.000000e+00", _2="2.000000e+00")

    def pixelUnshuffle(self, index, node, name, operands):
        return self.layer("Reorg", name, operands, _0=node.factor)

    def pixelShuffle(self, index, node, name, operands):
        return self.layer("PixelShuffle", name, operands, _0=node.factor)

    def affine(self, index, node, name, operands):
        scaled = self.layer("BinaryOp", f"{name}.scaled", operands, _0=MULTIPLY, _1=1, _2=f"{node.scale:e}")
        return self.layer("BinaryOp", name, [scaled], _0=ADD, _1=1, _2=f"{node.offset:e}")

    def scaledTanh(self, index, node, name, operands):
        return self.affine(index, node, name, [self.layer("TanH", f"{name}.tanh", operands)])

    # The canvas

    def canvas(self, index, node, name, operands):
        """Rows first, as products with the block of weights that the ratio of the extents repeats."""
        (value,) = operands
        channels, height, width = self.shapes[index]
        _, rows, columns = self.shapes[0]
        if height != rows:
            block = canvas.repeated_block(canvas.area(rows, height))
            outputs, inputs = block.shape
            value = self.layer("Reshape", f"{name}.rows", [value], _0=columns, _1=inputs, _2=channels * height // outputs)
            weight = self.layer("MemoryData", f"{name}.down", [], _0=inputs, _1=outputs)
            self.floats(block)
            value = self.layer("MatMul", f"{name}.lower", [weight, value])
        if width != columns:
            block = canvas.repeated_block(canvas.area(columns, width)).T
            inputs, outputs = block.shape
            lines = channels * height * columns // inputs
            value = self.layer("Reshape", f"{name}.columns", [value], _0=inputs, _1=lines)
            constant = {"_4": 0, "_5": 1, "_6": 1, "_8": outputs, "_9": inputs, "_10": -1}
            value = self.layer("Gemm", f"{name}.narrower", [value], **constant)
            self.floats(block, tag=True)
        return self.layer("Reshape", name, [value], _0=width, _1=height, _2=channels)

    def revision(self, index, node, name, operands):
        film, draft = operands
        _, height, width = self.shapes[index]
        _, rows, columns = self.shapes[node.inputs[1]]
        draft = self.sharpened(draft, (rows, columns), (height, width), f"{name}.sharpened")
        base = self.enlarged(draft, height, width, f"{name}.base")
        if node.channels == 0:
            return base
        picture = self.values[self.graph.canvas]
        luma = self.conv(picture, f"{name}.luma", numpy.reshape(canvas.LUMA, (1, 3, 1, 1)))
        centres = self.layer("Concat", f"{name}.levels", [draft, luma], _0=0)
        centres = self.enlarged(centres, height // 2, width // 2, f"{name}.centres")
        luma = self.enlarged(luma, height, width, f"{name}.canvas_luma")
        blocks = [
            self.conv(film, f"{name}.film_blocks", canvas.luma_kernel(canvas.LUMA), _3=2),
            self.conv(luma, f"{name}.canvas_blocks", canvas.luma_kernel((-1,)), _3=2),
        ]
        blocks = self.layer("BinaryOp", f"{name}.laplacian", blocks, _0=ADD)
        value = self.layer("Concat", f"{name}.values", [blocks, centres], _0=0)
        weight1, bias1, weight2, bias2 = canvas.revision_parameters(self.model, name)
        value = self.conv(self.padded(value, 1, f"{name}.conv1.pad"), f"{name}.conv1", weight1, bias1)
        value = self.layer("ReLU", f"{name}.relu", [value])
        value = self.conv(self.padded(value, 1, f"{name}.conv2.pad"), f"{name}.conv2", weight2, bias2)
        value = self.layer("PixelShuffle", f"{name}.residual", [value], _0=2)
        return self.layer("BinaryOp", name, [base, value], _0=ADD)

    def sharpened(self, value, extents, film, name):
        gains = [canvas.sharpening_gain(inputs, outputs) for inputs, outputs in zip(extents, film)]
        if gains == [0, 0]:
            return value
        weight = numpy.tile(canvas.sharpening_kernel(*gains), (3, 1, 1, 1))
        value = self.padded(value, 1, f"{name}.pad", REPLICATE)
        return self.conv(value, name, weight, kind="ConvolutionDepthWise", _7=3)

    def enlarged(self, value, height, width, name):
        return self.layer("Interp", name, [value], _0=BILINEAR, _3=height, _4=width)

    # The files

    def text(self):
        """The .param file; what several layers read goes through a Split, since ncnn wants one reader for each blob."""
        readers = {}
        for _, _, inputs, _, _ in self.layers:
            for value in inputs:
                readers[value] = readers.get(value, 0) + 1
        layers, taken = [], dict.fromkeys(readers, 0)
        for kind, name, inputs, outputs, text in self.layers:
            places = []
            for value in inputs:
                places.append(f"{value}.{taken[value]}" if readers[value] > 1 else value)
                taken[value] += 1
            layers.append((kind, name, places, outputs, text))
            if (count := readers.get(name, 0)) > 1:
                layers.append(("Split", f"{name}.split", [name], [f"{name}.{place}" for place in range(count)], ""))
        blobs = sum(len(outputs) for _, _, _, outputs, _ in layers)
        lines = [MAGIC, f"{len(layers)} {blobs}"]
        for kind, name, inputs, outputs, text in layers:
            line = [f"{kind:20}", f"{name:24}", f"{len(inputs)} {len(outputs)}", *inputs, *outputs, text]
            lines.append(" ".join(line).strip())
        return "\n".join(lines) + "\n"


def write(model, width, height, param_path, bin_path, norm_form="instance"):
    """`norm_form` is "instance" (InstanceNorm) or "group" (GroupNorm, a group for each channel): the same result."""
    model.network.check_size(width, height)
    writer = NcnnWriter(folded(model), width, height, norm_form)
    writer.build()
    with open(param_path, "w", encoding="ascii") as file:
        file.write(writer.text())
    with open(bin_path, "wb") as file:
        file.write(b"".join(writer.weights))
