"""Writes a model file's network in ncnn's own format: a .param text and a .bin of weights, for any frame size.

ncnn's tools make such files from other formats; writing them ourselves leaves no superfluous layer in them.
"""

import numpy

import network

MAGIC = "7767517"
REFLECT = 2
NEAREST = 1
# In front of weights that follow as plain float32.
FLOAT32_TAG = b"\0\0\0\0"


class NcnnWriter:
    """Layers one after another: [type, name, inputs, outputs, parameters]."""

    def __init__(self, model, norm_form):
        self.model, self.norm_form = model, norm_form
        self.layers, self.weights = [], []

    def add(self, kind, name, inputs, outputs=None, **parameters):
        outputs = outputs or [name]
        text = " ".join(f"{key[1:]}={value}" for key, value in parameters.items())
        self.layers.append((kind, name, inputs, outputs, text))
        return outputs[0]

    def floats(self, name):
        self.weights.append(numpy.ascontiguousarray(self.model[name], "<f4").tobytes())

    def layer(self, value, layer):
        name = layer.convolution.removesuffix(".conv2d")
        border = layer.kernel // 2
        if layer.upsample:
            value = self.add("Interp", f"{name}.upsample", [value], _0=NEAREST, _1="2.000000e+00", _2="2.000000e+00")
        value = self.add("Padding", f"{name}.pad", [value], _0=border, _1=border, _2=border, _3=border, _4=REFLECT)
        weight = self.model[layer.convolution + ".weight"]
        value = self.add(
            "Convolution",
            layer.convolution,
            [value],
            _0=len(weight),
            _1=layer.kernel,
            _3=layer.stride,
            _5=1,
            _6=weight.size,
        )
        self.weights.append(FLOAT32_TAG)
        self.floats(layer.convolution + ".weight")
        self.floats(layer.convolution + ".bias")
        if layer.norm:
            channels = len(weight)
            if self.norm_form == "group":
                value = self.add("GroupNorm", layer.norm, [value], _0=channels, _1=channels, _2=network.EPSILON, _3=1)
            else:
                value = self.add("InstanceNorm", layer.norm, [value], _0=channels, _1=network.EPSILON, _2=1)
            self.floats(layer.norm + ".weight")
            self.floats(layer.norm + ".bias")
        if layer.relu:
            value = self.add("ReLU", f"{name}.relu", [value])
        return value


def write(model, param_path, bin_path, norm_form="instance"):
    """`norm_form` is "instance" (InstanceNorm) or "group" (GroupNorm, a group for each channel): the same result."""
    writer = NcnnWriter(model, norm_form)
    value = shortcut = writer.add("Input", "frame", [])
    for index, layer in enumerate(network.LAYERS):
        if layer.closes_block:
            block = writer.layer(value, layer)
            value = writer.add("BinaryOp", f"{layer.norm}.add", [block, shortcut], _0=0)
        elif index + 1 < len(network.LAYERS) and network.LAYERS[index + 1].closes_block:
            # ncnn wants one reader for each blob.
            name = layer.convolution.split(".")[0] + ".split"
            value = writer.add("Split", name, [value], [f"{name}.0", f"{name}.1"])
            shortcut = f"{name}.1"
            value = writer.layer(value, layer)
        else:
            value = writer.layer(value, layer)
    value = writer.add("TanH", "tanh", [value])
    value = writer.add("BinaryOp", "scaled", [value], _0=2, _1=1, _2=network.SCALE)
    writer.add("BinaryOp", "stylized", [value], _0=0, _1=1, _2=network.OFFSET)
    blobs = sum(len(outputs) for _, _, _, outputs, _ in writer.layers)
    lines = [MAGIC, f"{len(writer.layers)} {blobs}"]
    for kind, name, inputs, outputs, text in writer.layers:
        lines.append(
            " ".join([f"{kind:16}", f"{name:24}", f"{len(inputs)} {len(outputs)}", *inputs, *outputs, text]).strip()
        )
    with open(param_path, "w", encoding="ascii") as file:
        file.write("\n".join(lines) + "\n")
    with open(bin_path, "wb") as file:
        file.write(b"".join(writer.weights))
