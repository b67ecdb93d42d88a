"""From a film's frame to its canvas and back: extents and weights, the arithmetic of Sources/Kernels/Canvas.

Reduction and enlargement are linear along each axis, so they are matrices [outputs, inputs]; all in double precision.
"""

import math

import numpy

LUMA = (0.299, 0.587, 0.114)
# What the film's Laplacian is divided by, and what the residual is multiplied by.
LAPLACIAN_SCALE = RESIDUAL_SCALE = 64
# Levels become (x - 127.5) / 127.5.
LEVEL_SCALE = 127.5


def extents(lines, height, width, multiple):
    """Height and width of the canvas: see `Canvas.extents` in Sources/Networks/Canvas.swift."""
    short = min(height, width)
    numerator, denominator = (lines, short) if short > lines else (1, 1)

    def rounded(extent):
        unit = denominator * multiple
        return max(1, (2 * extent * numerator + unit) // (2 * unit)) * multiple

    return rounded(height), rounded(width)


def area(inputs, outputs):
    """The mean over the stretch that each output covers, places at its ends counted in part."""
    output, place = numpy.ogrid[:outputs, :inputs]
    overlap = numpy.minimum((output + 1) * inputs, (place + 1) * outputs)
    overlap = overlap - numpy.maximum(output * inputs, place * outputs)
    return numpy.maximum(overlap, 0) / inputs


def bilinear(inputs, outputs):
    """Interpolation between half-pixel centres, clamped at the ends."""
    matrix = numpy.zeros((outputs, inputs))
    for output, position in enumerate(_positions(inputs, outputs)):
        lower = int(position)
        matrix[output, lower] += 1 - (position - lower)
        matrix[output, min(lower + 1, inputs - 1)] += position - lower
    return matrix


def sharpening_gain(inputs, outputs):
    """The gain `a` of x + a (2x - left - right) in front of this enlargement: see `DraftSharpening`."""
    positions = _positions(inputs, outputs)
    share = numpy.abs(positions - numpy.round(positions)).mean() / 2
    return share / (1 - 3 * share)


def sharpening(inputs, gain):
    """x + gain (2x - left - right), the last place repeated at the ends."""
    places = numpy.arange(inputs)
    matrix = (1 + 2 * gain) * numpy.eye(inputs)
    for shift in (-1, 1):
        numpy.subtract.at(matrix, (places, numpy.clip(places + shift, 0, inputs - 1)), gain)
    return matrix


def sharpening_kernel(row_gain, column_gain):
    """The same down and across as a 3x3 kernel."""
    down, across = ([-gain, 1 + 2 * gain, -gain] for gain in (row_gain, column_gain))
    return numpy.outer(down, across)


def luma_kernel(shares):
    """[4, C, 2, 2], of stride 2: the four lumas of each block of 2x2 pixels, of C colours with these shares."""
    weight = numpy.zeros((4, len(shares), 2, 2))
    for place in range(4):
        weight[place, :, place // 2, place % 2] = shares
    return weight


def revision_parameters(model, name):
    """Weights and biases of both convolutions with the scales of values and residual folded in.

    The first then reads the Laplacian and the levels as they are: padding is by reflection, which keeps constants.
    """
    weight1, bias1, weight2, bias2 = (
        model[f"{name}.{part}"].astype("f8") for part in ("conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias")
    )
    bias1 = bias1 - weight1[:, 4:].sum(axis=(1, 2, 3))
    weight1 = weight1 / numpy.array([LAPLACIAN_SCALE] * 4 + [LEVEL_SCALE] * 4)[:, None, None]
    return tuple(array.astype("f4") for array in (weight1, bias1, weight2 * RESIDUAL_SCALE, bias2 * RESIDUAL_SCALE))


def repeated_block(matrix):
    """The block that the matrix of a reduction repeats along its diagonal; the smaller the numbers of the ratio, the smaller."""
    outputs, inputs = matrix.shape
    count = math.gcd(outputs, inputs)
    return matrix[: outputs // count, : inputs // count]


def windows(matrix):
    """A banded matrix as blocks of outputs that each read a window of inputs.

    Places [blocks, window], the inputs of each, and weights [blocks, outputs / blocks, window].
    """
    outputs, inputs = matrix.shape
    count = math.gcd(outputs, inputs)
    blocks = matrix.reshape(count, outputs // count, inputs)
    columns = [numpy.flatnonzero(numpy.any(block != 0, axis=0)) for block in blocks]
    length = max(found[-1] - found[0] + 1 for found in columns)
    firsts = numpy.array([min(found[0], inputs - length) for found in columns])
    places = firsts[:, None] + numpy.arange(length)
    return places, numpy.stack([block[:, place] for block, place in zip(blocks, places)])


def _positions(inputs, outputs):
    return numpy.clip((numpy.arange(outputs) + 0.5) * inputs / outputs - 0.5, 0, inputs - 1)
