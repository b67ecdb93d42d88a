"""A model's network in double precision, from the definitions of the operations: what test_network.py compares with.

It shares nothing with the builders but the nodes: reduction and enlargement are computed pixel by pixel here.
"""

import numpy

import network


def paint(model, frame):
    """The result for a frame [3, H, W], RGB 0...255, not clamped: [3, H, W]."""
    shapes = model.network.shapes(*frame.shape[1:])
    values = []
    for index, node in enumerate(model.network.nodes):
        operands = [values[source] for source in node.inputs]
        values.append(_value(model, node, operands, frame.astype("f8"), shapes[index]))
    return values[-1]


def _value(model, node, operands, frame, shape):
    def parameter(part):
        return model[f"{node.name}.{part}"].astype("f8")

    match node.operation:
        case "input":
            return frame
        case "convolution":
            return convolved(operands[0], parameter("weight"), parameter("bias"), node.stride, node.padding)
        case "depthwiseConvolution":
            planes = [
                convolved(plane[None], weight[None], bias[None], node.stride, node.padding)
                for plane, weight, bias in zip(operands[0], parameter("weight"), parameter("bias"))
            ]
            return numpy.concatenate(planes)
        case "instanceNorm" | "batchNorm":
            if node.operation == "instanceNorm":
                mean, variance = operands[0].mean(axis=(1, 2)), operands[0].var(axis=(1, 2))
            else:
                mean, variance = parameter("running_mean"), parameter("running_var")
            unit = (operands[0] - _planes(mean)) / numpy.sqrt(_planes(variance) + network.EPSILON)
            return _planes(parameter("weight")) * unit + _planes(parameter("bias"))
        case "relu":
            return numpy.maximum(operands[0], 0)
        case "leakyReLU":
            return numpy.where(operands[0] > 0, operands[0], node.slope * operands[0])
        case "parametricReLU":
            return numpy.where(operands[0] > 0, operands[0], _planes(parameter("weight")) * operands[0])
        case "clamp":
            return numpy.clip(operands[0], node.minimum, node.maximum)
        case "upsampleLinear":
            value = operands[0]
            for axis in (1, 2):
                extent = value.shape[axis]
                places = numpy.arange(2 * extent)
                places = places * (extent - 1) / (2 * extent - 1) if node.alignsCorners else places / 2 - 0.25
                value = sampled(value, places, axis)
            return value
        case "concatenation":
            return numpy.concatenate(operands)
        case "upsampleNearest":
            return operands[0].repeat(2, axis=1).repeat(2, axis=2)
        case "canvas":
            return reduced(operands[0], *shape[1:])
        case "revision":
            if node.channels == 0:
                height, width = shape[1:]
                return enlarged(sharpened(operands[1], height, width), height, width)
            parts = ("conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias")
            return revised(*operands, *(parameter(part) for part in parts))
        case "add":
            return operands[0] + operands[1]
        case "pixelUnshuffle":
            return unshuffled(operands[0], node.factor)
        case "pixelShuffle":
            return shuffled(operands[0], node.factor)
        case "affine":
            return node.offset + node.scale * operands[0]
        case "scaledTanh":
            return node.offset + node.scale * numpy.tanh(operands[0])
    raise NotImplementedError(node.operation)


def _planes(values):
    return values[:, None, None]


def convolved(value, weight, bias, stride=1, padding="reflect"):
    """Padding by half the kernel, then a convolution."""
    border = weight.shape[-1] // 2
    mode = {"reflect": "reflect", "zeros": "constant", "replicate": "edge"}[padding]
    value = numpy.pad(value, ((0, 0), (border, border), (border, border)), mode=mode)
    windows = numpy.lib.stride_tricks.sliding_window_view(value, weight.shape[-2:], axis=(1, 2))
    windows = windows[:, ::stride, ::stride]
    return numpy.einsum("ihwyx,oiyx->ohw", windows, weight, optimize=True) + _planes(bias)


def unshuffled(value, factor):
    channels, height, width = value.shape
    value = value.reshape(channels, height // factor, factor, width // factor, factor).transpose(0, 2, 4, 1, 3)
    return value.reshape(channels * factor**2, height // factor, width // factor)


def shuffled(value, factor):
    channels, height, width = value.shape
    value = value.reshape(channels // factor**2, factor, factor, height, width).transpose(0, 3, 1, 4, 2)
    return value.reshape(channels // factor**2, height * factor, width * factor)


def reduced(value, height, width):
    """The mean over rectangles: each pixel made so many that none lies on an edge."""
    channels, rows, columns = value.shape
    value = value.repeat(height, axis=1).reshape(channels, height, rows, columns).mean(axis=2)
    return value.repeat(width, axis=2).reshape(channels, height, width, columns).mean(axis=3)


def sampled(value, positions, axis):
    """Values at positions between those of an axis, clamped at its ends."""
    positions = numpy.clip(positions, 0, value.shape[axis] - 1)
    lower = numpy.floor(positions).astype(int)
    share = (positions - lower).reshape([-1 if place == axis else 1 for place in range(3)])
    upper = numpy.minimum(lower + 1, value.shape[axis] - 1)
    return (1 - share) * value.take(lower, axis) + share * value.take(upper, axis)


def enlarged(value, height, width, step=1):
    """At the centres of blocks of `step` x `step` pixels of a picture of this size."""
    for axis, extent in ((1, height), (2, width)):
        places = step * (numpy.arange(-(-extent // step)) + 0.5)
        value = sampled(value, places * value.shape[axis] / extent - 0.5, axis)
    return value


def sharpened(value, height, width):
    """What the enlargement to this size takes from neighbours, put in beforehand."""
    for axis, extent in ((1, height), (2, width)):
        count = value.shape[axis]
        positions = numpy.clip((numpy.arange(extent) + 0.5) * count / extent - 0.5, 0, count - 1)
        fractions = positions - numpy.floor(positions)
        share = numpy.minimum(fractions, 1 - fractions).sum() / (2 * extent)
        places = numpy.arange(count)
        before = value.take(numpy.maximum(places - 1, 0), axis)
        behind = value.take(numpy.minimum(places + 1, count - 1), axis)
        value = value + share / (1 - 3 * share) * (2 * value - before - behind)
    return value


def revised(film, draft, weight1, bias1, weight2, bias2):
    height, width = film.shape[1:]
    draft = sharpened(draft, height, width)
    luma = numpy.einsum("c,chw->hw", (0.299, 0.587, 0.114), film)[None]
    canvas = reduced(luma, *draft.shape[1:])
    laplacian = luma - enlarged(canvas, height, width)
    laplacian = numpy.pad(laplacian, ((0, 0), (0, height % 2), (0, width % 2)), mode="edge")
    centres = [(enlarged(value, height, width, step=2) - 127.5) / 127.5 for value in (draft, canvas)]
    values = numpy.concatenate([unshuffled(laplacian, 2) / 64, *centres])
    hidden = numpy.maximum(convolved(values, weight1, bias1), 0)
    residual = 64 * shuffled(convolved(hidden, weight2, bias2), 2)
    return enlarged(draft, height, width) + residual[:, :height, :width]
