"""A model file and the layers of its network, for programs that run it in other runtimes.

The network is that of Sources/Networks/JohnsonNetwork.swift; parameters have the same names.
"""

import dataclasses

import numpy
import safetensors

EPSILON = 1e-5
SCALE, OFFSET = 150.0, 127.5
SIZE_MULTIPLE = 4


class ModelError(Exception):
    """One sentence for the user."""


@dataclasses.dataclass(frozen=True)
class Layer:
    """One convolution with what stands around it: [upsample], reflect padding, convolution, [instance norm], [ReLU]."""

    convolution: str
    norm: str | None
    kernel: int
    stride: int = 1
    upsample: bool = False
    relu: bool = True
    # This layer's result is added to the input of the layer before it: the end of a residual block.
    closes_block: bool = False


LAYERS = [
    Layer("conv1.conv2d", "in1", kernel=9),
    Layer("conv2.conv2d", "in2", kernel=3, stride=2),
    Layer("conv3.conv2d", "in3", kernel=3, stride=2),
    *(
        layer
        for block in range(1, 6)
        for layer in (
            Layer(f"res{block}.conv1.conv2d", f"res{block}.in1", kernel=3),
            Layer(f"res{block}.conv2.conv2d", f"res{block}.in2", kernel=3, relu=False, closes_block=True),
        )
    ),
    Layer("deconv1.conv2d", "in4", kernel=3, upsample=True),
    Layer("deconv2.conv2d", "in5", kernel=3, upsample=True),
    Layer("deconv3.conv2d", None, kernel=9, relu=False),
]


class Model:
    """The parameters of a model file by name, float32; convolution weights are [O, I, k, k]."""

    def __init__(self, parameters, name="johnson", width=1.0):
        self.parameters, self.name, self.width = parameters, name, width

    @classmethod
    def load(cls, path):
        with safetensors.safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            if metadata.get("network") != "johnson":
                raise ModelError(f"{path}: the network is {metadata.get('network')!r}, expected 'johnson'")
            parameters = {name: file.get_tensor(name) for name in file.keys()}
        # What is stored in half precision is computed with in single precision, as by the engine.
        parameters = {name: value.astype(numpy.float32) if value.dtype == numpy.float16 else value for name, value in parameters.items()}
        model = cls(parameters, width=float(metadata["width"]))
        channels = 3
        for layer in LAYERS:
            weight = model[layer.convolution + ".weight"]
            if weight.dtype != numpy.float32 or weight.shape[1:] != (channels, layer.kernel, layer.kernel):
                raise ModelError(
                    f"{path}: {layer.convolution}.weight is {weight.dtype} {list(weight.shape)}, "
                    f"expected float32 [O, {channels}, {layer.kernel}, {layer.kernel}]"
                )
            channels = weight.shape[0]
        if channels != 3:
            raise ModelError(f"{path}: the last convolution has {channels} output channels, expected 3")
        return model

    @classmethod
    def random(cls, channels=(4, 8, 16), seed=1):
        """A network of these widths for self-checks."""
        random = numpy.random.default_rng(seed)
        first, second, third = channels
        outputs = iter([first, second, third, *[third] * 10, second, first, 3])
        parameters, inputs = {}, 3
        for layer in LAYERS:
            count = next(outputs)
            shape = (count, inputs, layer.kernel, layer.kernel)
            bound = numpy.prod(shape[1:]) ** -0.5
            parameters[layer.convolution + ".weight"] = random.uniform(-bound, bound, shape).astype("f4")
            parameters[layer.convolution + ".bias"] = random.uniform(-bound, bound, count).astype("f4")
            if layer.norm:
                parameters[layer.norm + ".weight"] = random.uniform(0.5, 1.5, count).astype("f4")
                parameters[layer.norm + ".bias"] = random.uniform(-0.5, 0.5, count).astype("f4")
            inputs = count
        return cls(parameters)

    def __getitem__(self, name):
        if name not in self.parameters:
            raise ModelError(f"the model has no parameter {name}")
        return self.parameters[name]

    def multiply_adds(self, width, height):
        """For one frame, counted as direct convolution."""
        total = 0
        for layer in LAYERS:
            factor = 2 if layer.upsample else 1
            width, height = width * factor // layer.stride, height * factor // layer.stride
            total += width * height * self[layer.convolution + ".weight"].size
        return total


def parse_size(text):
    """WIDTHxHEIGHT, both multiples of 4, as two integers: for argparse."""
    width, height = (int(part) for part in text.lower().split("x"))
    if min(width, height) < 20 or width % SIZE_MULTIPLE or height % SIZE_MULTIPLE:
        raise ValueError(text)
    return width, height
