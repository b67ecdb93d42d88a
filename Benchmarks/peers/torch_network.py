"""The network in PyTorch, from the nodes of the model file."""

import torch
from torch import nn
from torch.nn import functional

import canvas
import network
from folding import folded
from operations import REVISION_INPUTS, REVISION_OUTPUTS


class GraphNetwork(nn.Module):
    """[1, 3, H, W], RGB 0...255, to the same shape, not clamped; for frames of width x height."""

    def __init__(self, model, width, height):
        super().__init__()
        model.network.check_size(width, height)
        model = folded(model)
        self.graph = model.network
        shapes = model.network.shapes(height, width)
        film = shapes[0][1:]
        # One step for each node behind the input, and the values that it reads.
        self.steps, self.sources = nn.ModuleList(), []
        for node, shape in list(zip(self.graph.nodes, shapes))[1:]:
            sources = node.inputs
            if node.operation == "canvas":
                step = CanvasReduction(film, shape[1:])
            elif node.operation == "revision":
                step = Revision(model, node, film, shapes[node.inputs[1]][1:])
                sources += (self.graph.canvas,)
            else:
                step = STEPS[node.operation](model, node)
            self.steps.append(step)
            self.sources.append(sources)

    def forward(self, frame):
        values = [frame]
        for step, sources in zip(self.steps, self.sources):
            values.append(step(*[values[source] for source in sources]))
        return values[-1]


class Convolution(nn.Module):
    """Padding by half the kernel, then a convolution."""

    def __init__(self, model, node):
        super().__init__()
        dense = node.operation == "convolution"
        inputs, outputs = (node.inputChannels, node.outputChannels) if dense else (node.channels, node.channels)
        pads = {"reflect": nn.ReflectionPad2d, "replicate": nn.ReplicationPad2d}
        is_padded = node.padding in pads and node.border > 0
        self.pad = pads[node.padding](node.border) if is_padded else nn.Identity()
        border = 0 if is_padded else node.border
        self.convolution = nn.Conv2d(
            inputs, outputs, node.kernel, node.stride, border, groups=1 if dense else node.channels
        )
        fill(self.convolution, model[node.name + ".weight"], model[node.name + ".bias"])

    def forward(self, value):
        return self.convolution(self.pad(value))


class Affine(nn.Module):
    """offset + scale * x, or of tanh(x)."""

    def __init__(self, model, node):
        super().__init__()
        self.scale, self.offset, self.bends = node.scale, node.offset, node.operation == "scaledTanh"

    def forward(self, value):
        return self.offset + self.scale * (torch.tanh(value) if self.bends else value)


class Sum(nn.Module):
    def forward(self, first, second):
        return first + second


class Concatenation(nn.Module):
    def forward(self, first, second):
        return torch.cat((first, second), 1)


class CanvasReduction(nn.Module):
    """To the canvas by products with the block of weights that the ratio of the extents repeats, rows first."""

    def __init__(self, film, extents):
        super().__init__()
        self.extents = extents
        blocks = [canvas.repeated_block(canvas.area(inputs, outputs)) for inputs, outputs in zip(film, extents)]
        self.register_buffer("down", torch.from_numpy(blocks[0]).float())
        self.register_buffer("across", torch.from_numpy(blocks[1].T.copy()).float())

    def forward(self, film):
        height, width = self.extents
        columns = film.shape[3]
        value = film.reshape(-1, self.down.shape[1], columns)
        value = torch.bmm(self.down.expand(len(value), -1, -1), value)
        value = value.reshape(-1, len(self.across)) @ self.across
        return value.reshape(1, -1, height, width)


class Revision(nn.Module):
    """The draft at the film's size, sharpened beforehand, and what two convolutions of the film's edges add to it."""

    def __init__(self, model, node, film, extents):
        super().__init__()
        self.film = film
        self.revises = node.channels > 0
        gains = [canvas.sharpening_gain(inputs, outputs) for inputs, outputs in zip(extents, film)]
        kernel = torch.from_numpy(canvas.sharpening_kernel(*gains)).float()
        self.pad = nn.ReplicationPad2d(1)
        self.sharpening = nn.Conv2d(3, 3, 3, groups=3, bias=False)
        self.sharpening.weight.data = kernel.expand(3, 1, 3, 3).contiguous()
        self.register_buffer("luma", torch.tensor([canvas.LUMA]))
        if self.revises:
            weight1, bias1, weight2, bias2 = canvas.revision_parameters(model, node.name)
            self.mirror = nn.ReflectionPad2d(1)
            self.conv1 = nn.Conv2d(REVISION_INPUTS, node.channels, 3)
            self.conv2 = nn.Conv2d(node.channels, REVISION_OUTPUTS, 3)
            fill(self.conv1, weight1, bias1)
            fill(self.conv2, weight2, bias2)

    def forward(self, film, draft, picture):
        height, width = self.film
        draft = self.sharpening(self.pad(draft))
        base = enlarged(draft, height, width)
        if not self.revises:
            return base
        luma = self.luma_of(picture)
        laplacian = self.luma_of(film) - enlarged(luma, height, width)
        centres = enlarged(torch.cat((draft, luma), 1), height // 2, width // 2)
        values = torch.cat((functional.pixel_unshuffle(laplacian, 2), centres), 1)
        hidden = functional.relu(self.conv1(self.mirror(values)))
        return base + functional.pixel_shuffle(self.conv2(self.mirror(hidden)), 2)

    def luma_of(self, picture):
        _, channels, height, width = picture.shape
        return (self.luma @ picture.reshape(channels, height * width)).reshape(1, 1, height, width)


def enlarged(value, height, width):
    return functional.interpolate(value, size=(height, width), mode="bilinear", align_corners=False)


def fill(convolution, weight, bias):
    convolution.weight.data, convolution.bias.data = torch.from_numpy(weight.copy()), torch.from_numpy(bias.copy())


def instance_norm(model, node):
    norm = nn.InstanceNorm2d(node.channels, eps=network.EPSILON, affine=True)
    fill(norm, model[node.name + ".weight"], model[node.name + ".bias"])
    return norm


def parametric_relu(model, node):
    step = nn.PReLU(node.channels)
    step.weight.data = torch.from_numpy(model[node.name + ".weight"].copy())
    return step


STEPS = {
    "convolution": Convolution,
    "depthwiseConvolution": Convolution,
    "instanceNorm": instance_norm,
    "relu": lambda model, node: nn.ReLU(),
    "leakyReLU": lambda model, node: nn.LeakyReLU(node.slope),
    "parametricReLU": parametric_relu,
    "clamp": lambda model, node: nn.Hardtanh(node.minimum, node.maximum),
    "upsampleLinear": lambda model, node: nn.Upsample(
        scale_factor=2, mode="bilinear", align_corners=node.alignsCorners
    ),
    "concatenation": lambda model, node: Concatenation(),
    "upsampleNearest": lambda model, node: nn.UpsamplingNearest2d(scale_factor=2),
    "add": lambda model, node: Sum(),
    "pixelUnshuffle": lambda model, node: nn.PixelUnshuffle(node.factor),
    "pixelShuffle": lambda model, node: nn.PixelShuffle(node.factor),
    "affine": Affine,
    "scaledTanh": Affine,
}


def load(path, width, height):
    """The network of the model file at `path` for frames of this size."""
    return GraphNetwork(network.Model.load(path), width, height)
