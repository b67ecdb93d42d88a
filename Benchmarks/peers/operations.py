"""The operations of networks: what they read, their parameters, the shapes of their values and their cost.

They are those of Sources/Networks/Operation.swift. Shapes are (channels, height, width).
"""

import dataclasses
import math

import canvas

# Each operation: how many nodes it reads, and its numbers.
OPERATIONS = {
    "input": (0, {}),
    "convolution": (1, {"inputChannels": int, "outputChannels": int, "kernel": int, "stride": int, "padding": str}),
    "depthwiseConvolution": (1, {"channels": int, "kernel": int, "stride": int, "padding": str}),
    "instanceNorm": (1, {"channels": int}),
    "batchNorm": (1, {"channels": int}),
    "relu": (1, {}),
    "leakyReLU": (1, {"slope": float}),
    "parametricReLU": (1, {"channels": int}),
    "clamp": (1, {"minimum": float, "maximum": float}),
    "upsampleNearest": (1, {}),
    "upsampleLinear": (1, {"alignsCorners": bool}),
    "canvas": (1, {"lines": int}),
    "revision": (2, {"channels": int}),
    "add": (2, {}),
    "concatenation": (2, {}),
    "pixelUnshuffle": (1, {"factor": int}),
    "pixelShuffle": (1, {"factor": int}),
    "affine": (1, {"scale": float, "offset": float}),
    "scaledTanh": (1, {"scale": float, "offset": float}),
}
CONVOLUTIONS = ("convolution", "depthwiseConvolution")
PADDINGS = ("zeros", "reflect", "replicate")
UPSAMPLINGS = ("upsampleNearest", "upsampleLinear")
# The values of a block of 2x2 pixels that a revision reads, and those that it writes.
REVISION_INPUTS, REVISION_OUTPUTS = 8, 12


@dataclasses.dataclass(frozen=True)
class Node:
    """An operation on earlier nodes; `numbers` are its fields, which are read as attributes: `node.kernel`."""

    operation: str
    inputs: tuple
    name: str = ""
    numbers: dict = dataclasses.field(default_factory=dict)

    def __getattr__(self, field):
        try:
            return self.__dict__["numbers"][field]
        except KeyError:
            raise AttributeError(f"{self.__dict__.get('operation')} has no {field}") from None

    @property
    def border(self):
        """How far a convolution continues its input at each side."""
        return self.kernel // 2

    @property
    def reduction(self):
        """By how much height and width shrink: numerator, denominator."""
        if self.operation in CONVOLUTIONS:
            return self.stride, 1
        factor = 2 if self.operation in UPSAMPLINGS else self.numbers.get("factor", 1)
        return (factor, 1) if self.operation == "pixelUnshuffle" else (1, factor)

    @property
    def parameters(self):
        """The shapes of its parameters by name."""
        if self.operation == "convolution":
            shapes = {"weight": (self.outputChannels, self.inputChannels, self.kernel, self.kernel)}
            shapes["bias"] = (self.outputChannels,)
        elif self.operation == "depthwiseConvolution":
            shapes = {"weight": (self.channels, 1, self.kernel, self.kernel), "bias": (self.channels,)}
        elif self.operation == "instanceNorm":
            shapes = dict.fromkeys(("weight", "bias"), (self.channels,))
        elif self.operation == "batchNorm":
            shapes = dict.fromkeys(("weight", "bias", "running_mean", "running_var"), (self.channels,))
        elif self.operation == "parametricReLU":
            shapes = {"weight": (self.channels,)}
        elif self.operation == "revision" and self.channels > 0:
            shapes = {"conv1.weight": (self.channels, REVISION_INPUTS, 3, 3), "conv1.bias": (self.channels,)}
            shapes |= {"conv2.weight": (REVISION_OUTPUTS, self.channels, 3, 3), "conv2.bias": (REVISION_OUTPUTS,)}
        else:
            shapes = {}
        return {f"{self.name}.{suffix}": shape for suffix, shape in shapes.items()}

    def shape(self, operands, multiple):
        """The shape of its value for operands of these shapes; ValueError says what does not fit."""
        if self.operation in CONVOLUTIONS:
            return self._convolved(*operands[0])
        channels, height, width = operands[0]
        if self.operation in ("instanceNorm", "batchNorm", "parametricReLU"):
            _expect(channels == self.channels, f"it expects {self.channels} channels, but reads {channels}")
        elif self.operation in UPSAMPLINGS:
            return channels, 2 * height, 2 * width
        elif self.operation == "canvas":
            _expect(64 <= self.lines <= 1024, f"a canvas of {self.lines} lines, expected 64 to 1024")
            return channels, *canvas.extents(self.lines, height, width, multiple)
        elif self.operation == "revision":
            _expect(
                self.channels == 0 or 4 <= self.channels <= 32,
                f"a revision of {self.channels} channels, expected 0 or 4 to 32",
            )
            _expect(operands[1][0] == channels, f"it expects {channels} channels, but reads {operands[1][0]}")
        elif self.operation == "add":
            _expect(operands[0] == operands[1], f"it adds {list(operands[0])} and {list(operands[1])}")
        elif self.operation == "concatenation":
            _expect(operands[0][1:] == operands[1][1:], f"it joins {list(operands[0])} and {list(operands[1])}")
            return channels + operands[1][0], height, width
        elif self.operation == "pixelUnshuffle":
            factor = self.factor
            _expect(
                1 <= factor <= 16 and height % factor == 0 and width % factor == 0,
                f"{width}x{height} pixels cannot be divided into blocks of {factor}x{factor}",
            )
            return channels * factor * factor, height // factor, width // factor
        elif self.operation == "pixelShuffle":
            factor = self.factor
            _expect(
                1 <= factor <= 16 and channels % (factor * factor) == 0,
                f"{channels} channels are not whole blocks of {factor}x{factor}",
            )
            return channels // (factor * factor), height * factor, width * factor
        elif self.operation == "leakyReLU":
            _expect(0 <= self.slope <= 1, f"a slope of {self.slope}, expected 0 to 1")
        elif self.operation == "clamp":
            _expect(self.minimum < self.maximum, f"a range of {self.minimum} to {self.maximum}")
        elif self.operation in ("affine", "scaledTanh"):
            _expect(math.isfinite(self.scale) and math.isfinite(self.offset), "its numbers are not finite")
        return operands[0]

    def _convolved(self, channels, height, width):
        dense = self.operation == "convolution"
        inputs, outputs = (self.inputChannels, self.outputChannels) if dense else (self.channels, self.channels)
        _expect(channels == inputs, f"it expects {inputs} channels, but reads {channels}")
        _expect(self.padding in PADDINGS, f"padding {self.padding!r}, expected {' or '.join(PADDINGS)}")
        _expect(
            outputs >= 1 and 1 <= self.kernel <= 31 and 1 <= self.stride <= 16,
            f"{outputs} channels by a kernel of {self.kernel} and a stride of {self.stride}, expected at least 1 channel, "
            "a kernel of 1 to 31 and a stride of 1 to 16",
        )
        _expect(
            self.padding != "reflect" or self.border < min(height, width),
            f"a border of {self.border} pixels cannot be mirrored from {width}x{height}",
        )
        _expect(min(height, width) + 2 * self.border >= self.kernel, f"its kernel exceeds an input of {width}x{height}")
        height, width = ((extent + 2 * self.border - self.kernel) // self.stride + 1 for extent in (height, width))
        return outputs, height, width

    def multiply_adds(self, shape):
        """For a value of this shape, counted as direct convolution."""
        channels, height, width = shape
        if self.operation == "convolution":
            return channels * height * width * self.inputChannels * self.kernel**2
        if self.operation == "depthwiseConvolution":
            return channels * height * width * self.kernel**2
        if self.operation == "revision":
            blocks = (height + 1) // 2 * ((width + 1) // 2)
            return blocks * self.channels * 9 * (REVISION_INPUTS + REVISION_OUTPUTS)
        return 0


def _expect(condition, reason):
    if not condition:
        raise ValueError(reason)
