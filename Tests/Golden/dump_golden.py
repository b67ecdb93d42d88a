#!/usr/bin/env python3
"""Writes the golden files beside this script from PyTorch on the CPU.

    pip install torch safetensors numpy
    python dump_golden.py [--vgg vgg16.safetensors]

Everything is computed in double precision from inputs that are exact in float32, and rounded once when stored: a golden
value carries no rounding of its own worth speaking of. Activations are stored NHWC, convolution weights OIHW. Without
--vgg the file that needs the real VGG-16 is left as it is.
"""

import argparse
import pathlib

import numpy
import torch
from safetensors.torch import save_file
from torch.nn import functional

import style_transfer

HERE = pathlib.Path(__file__).resolve().parent


class Dump:
    """Named float32 tensors on their way to one file."""

    def __init__(self):
        self.tensors = {}

    def activations(self, name, value):
        """Stores NCHW as NHWC."""
        self.array(name, value.permute(0, 2, 3, 1))

    def array(self, name, value):
        self.tensors[name] = value.detach().to(torch.float32).contiguous().clone()

    def save(self, file):
        save_file(self.tensors, HERE / file, metadata={"torch": torch.__version__.split("+")[0]})
        print(f"{file}: {len(self.tensors)} tensors, {(HERE / file).stat().st_size} bytes")


def random(*shape, low=-1.0, high=1.0):
    """Doubles that float32 holds exactly."""
    return (torch.rand(*shape, dtype=torch.float32) * (high - low) + low).double()


def whole(*shape, low, high):
    return torch.randint(low, high + 1, shape).double()


def variable(value):
    return value.clone().requires_grad_()


def backward(dump, prefix, output):
    """Stores the output, a random gradient of it, and propagates that gradient."""
    store = dump.activations if output.dim() == 4 else dump.array
    gradient = random(*output.shape)
    store(f"{prefix}.output", output)
    store(f"{prefix}.output_gradient", gradient)
    output.backward(gradient)


# Name: N, H, W, input channels, output channels, kernel, stride, padding, padding mode.
CONVOLUTIONS = {
    "pointwise": (2, 5, 7, 3, 5, 1, 1, 0, "zero"),
    "unpadded": (1, 5, 6, 2, 3, 3, 1, 0, "zero"),
    "zero": (2, 7, 5, 3, 8, 3, 1, 1, "zero"),
    "zero_strided": (1, 9, 5, 3, 4, 3, 2, 1, "zero"),
    "reflection": (1, 6, 9, 8, 5, 3, 1, 1, "reflection"),
    "reflection_strided": (2, 7, 6, 5, 13, 3, 2, 1, "reflection"),
    "wide_in": (1, 11, 13, 3, 4, 9, 1, 4, "reflection"),
    "wide_out": (1, 9, 10, 8, 3, 9, 1, 4, "reflection"),
}


def dump_convolutions(dump):
    for name, (n, h, w, inputs, outputs, kernel, stride, padding, mode) in CONVOLUTIONS.items():
        x, weight = variable(random(n, inputs, h, w)), variable(random(outputs, inputs, kernel, kernel))
        bias = variable(random(outputs))
        pad_mode = "reflect" if mode == "reflection" else "constant"
        padded = functional.pad(x, (padding,) * 4, mode=pad_mode) if padding else x
        prefix = f"convolution.{name}"
        dump.activations(f"{prefix}.input", x)
        dump.array(f"{prefix}.weight", weight)
        dump.array(f"{prefix}.bias", bias)
        backward(dump, prefix, functional.conv2d(padded, weight, bias, stride=stride))
        dump.activations(f"{prefix}.input_gradient", x.grad)
        dump.array(f"{prefix}.weight_gradient", weight.grad)
        dump.array(f"{prefix}.bias_gradient", bias.grad)


def dump_instance_norm(dump):
    x, scale, shift = variable(random(2, 5, 7, 3, low=-3, high=5)), variable(random(5)), variable(random(5))
    dump.activations("instance_norm.input", x)
    dump.array("instance_norm.scale", scale)
    dump.array("instance_norm.shift", shift)
    backward(dump, "instance_norm", functional.instance_norm(x, weight=scale, bias=shift, eps=1e-5))
    dump.activations("instance_norm.input_gradient", x.grad)
    dump.array("instance_norm.scale_gradient", scale.grad)
    dump.array("instance_norm.shift_gradient", shift.grad)


def dump_unary(dump, operations):
    for name, (value, operation) in operations.items():
        x = variable(value)
        dump.activations(f"{name}.input", x)
        backward(dump, name, operation(x))
        dump.activations(f"{name}.input_gradient", x.grad)


def johnson_operations():
    """Operations of one activation. Whole numbers make ties in max pool, and zeros in ReLU."""
    return {
        "relu": (whole(2, 3, 5, 7, low=-2, high=2), functional.relu),
        "scaled_tanh": (random(1, 3, 5, 7, low=-3, high=3), lambda x: 127.5 + 150 * torch.tanh(x)),
        "max_pool": (whole(2, 5, 7, 9, low=0, high=2), lambda x: functional.max_pool2d(x, 2)),
        "upsample": (random(2, 3, 5, 3), lambda x: functional.interpolate(x, scale_factor=2, mode="nearest")),
        "gram": (random(2, 5, 7, 3), style_transfer.gram),
    }


def candidate_operations():
    """Operations of one activation in the networks below Johnson's."""
    return {
        "pixel_shuffle": (random(2, 18, 3, 2), lambda x: functional.pixel_shuffle(x, 3)),
        "pixel_unshuffle": (random(1, 3, 4, 6), lambda x: functional.pixel_unshuffle(x, 2)),
        "affine": (random(1, 3, 5, 7, low=0, high=255), lambda x: x / 128 - 1),
    }


def dump_candidates():
    """The operations of the networks below Johnson's, and the measures of temporal stability."""
    dump = Dump()
    torch.manual_seed(20240712)
    dump_depthwise_convolutions(dump)
    dump_batch_norm(dump)
    dump_unary(dump, candidate_operations())
    dump_warp(dump)
    dump_warping_error(dump)
    dump.save("candidates.safetensors")


def area_reduction(x, height, width):
    """The mean over rectangles whose edges pixels lie on in part: each pixel made so many that none does."""
    rows, columns = x.shape[2:]
    return functional.avg_pool2d(functional.interpolate(x, scale_factor=(height, width), mode="nearest"), (rows, columns))


def bilinear(x, height, width):
    return functional.interpolate(x, size=(height, width), mode="bilinear", align_corners=False)


def block_centres(x, height, width):
    """The bilinear enlargement at the centres of its blocks of 2×2 pixels."""
    rows, columns = (height + 1) // 2, (width + 1) // 2
    ys = [(2 * i + 1) * x.shape[2] / height - 0.5 for i in range(rows)]
    xs = [(2 * i + 1) * x.shape[3] / width - 0.5 for i in range(columns)]
    grid = torch.tensor([[[(2 * v + 1) / x.shape[3] - 1, (2 * u + 1) / x.shape[2] - 1] for v in xs] for u in ys], dtype=x.dtype)
    grid = grid[None].expand(x.shape[0], -1, -1, -1)
    return functional.grid_sample(x, grid, mode="bilinear", padding_mode="border", align_corners=False)


def sharpened(x, height, width):
    """What bilinear enlargement takes from neighbours, put in beforehand, down and across."""

    def gain(inputs, outputs):
        places = ((torch.arange(outputs, dtype=torch.float64) + 0.5) * inputs / outputs - 0.5).clamp(0, inputs - 1)
        share = (places - places.round()).abs().mean() / 2
        return share / (1 - 3 * share)

    rows, columns = (gain(inputs, outputs) for inputs, outputs in zip(x.shape[2:], (height, width)))
    wide = functional.pad(x, (0, 0, 1, 1), mode="replicate")
    x = x + rows * (2 * x - wide[:, :, :-2] - wide[:, :, 2:])
    wide = functional.pad(x, (1, 1, 0, 0), mode="replicate")
    return x + columns * (2 * x - wide[..., :-2] - wide[..., 2:])


def luma(x):
    return 0.299 * x[:, :1] + 0.587 * x[:, 1:2] + 0.114 * x[:, 2:]


def revision(film, draft, weight1, bias1, weight2, bias2):
    height, width = film.shape[2:]
    draft = sharpened(draft, height, width)
    canvas = area_reduction(luma(film), *draft.shape[2:])
    laplacian = luma(film) - bilinear(canvas, height, width)
    even = (0, width % 2, 0, height % 2)
    blocks = functional.pixel_unshuffle(functional.pad(laplacian, even, mode="replicate"), 2) / 64
    centres = [(block_centres(x, height, width) - 127.5) / 127.5 for x in (draft, canvas)]
    values = functional.pad(torch.cat([blocks, *centres], 1), (1,) * 4, mode="reflect")
    hidden = functional.pad(functional.relu(functional.conv2d(values, weight1, bias1)), (1,) * 4, mode="reflect")
    residual = 64 * functional.pixel_shuffle(functional.conv2d(hidden, weight2, bias2), 2)
    return bilinear(draft, height, width) + residual[..., :height, :width]


def dump_canvas():
    """From a film to its canvas and back, and the revision of what was painted there."""
    dump = Dump()
    torch.manual_seed(20261127)
    dump_unary(
        dump,
        {
            "area_reduction": (random(2, 3, 7, 10), lambda x: area_reduction(x, 4, 3)),
            "area_enlargement": (random(1, 2, 3, 5), lambda x: area_reduction(x, 4, 8)),
            "bilinear": (random(2, 3, 3, 4), lambda x: bilinear(x, 8, 9)),
            "bilinear_reduction": (random(1, 1, 5, 8), lambda x: bilinear(x, 4, 7)),
            "block_centres": (random(1, 3, 4, 3), lambda x: block_centres(x, 9, 8)),
            "sharpened": (random(2, 3, 4, 5), lambda x: sharpened(x, 9, 13)),
        },
    )
    film = random(2, 3, 11, 14, low=0, high=255)
    draft = variable(random(2, 3, 4, 8, low=0, high=255))
    weights = [variable(random(6, 8, 3, 3)), variable(random(6)), variable(random(12, 6, 3, 3)), variable(random(12))]
    dump.activations("revision.film", film)
    dump.activations("revision.draft", draft)
    names = ("conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias")
    for name, value in zip(names, weights):
        dump.array(f"revision.{name}", value)
    backward(dump, "revision", revision(film, draft, *weights))
    dump.activations("revision.draft_gradient", draft.grad)
    for name, value in zip(names, weights):
        dump.array(f"revision.{name}_gradient", value.grad)
    dump.save("canvas.safetensors")


class DeconvolutionReLU(torch.autograd.Function):
    """ReLU whose backward pass is that of Zeiler and Fergus: the gradient goes through a ReLU of its own."""

    @staticmethod
    def forward(context, x):
        return functional.relu(x)

    @staticmethod
    def backward(context, gradient):
        return functional.relu(gradient)


class GuidedReLU(torch.autograd.Function):
    """ReLU whose backward pass is that of Springenberg et al.: both masks."""

    @staticmethod
    def forward(context, x):
        context.save_for_backward(x)
        return functional.relu(x)

    @staticmethod
    def backward(context, gradient):
        (x,) = context.saved_tensors
        return functional.relu(gradient) * (x > 0)


def dump_inspection():
    """The backward passes that show what made a neuron fire, alone and through a small network with pooling."""
    dump = Dump()
    torch.manual_seed(20261128)
    rules = {"exact": functional.relu, "deconvolution": DeconvolutionReLU.apply, "guided": GuidedReLU.apply}
    dump_unary(
        dump, {f"rectifier.{name}": (whole(2, 3, 5, 7, low=-2, high=2), relu) for name, relu in rules.items()})
    image = random(1, 3, 9, 10)
    weights = [random(4, 3, 3, 3), random(4), random(6, 4, 3, 3), random(6)]
    dump.activations("chain.input", image)
    for name, value in zip(("conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias"), weights):
        dump.array(f"chain.{name}", value)
    gradient = random(1, 6, 4, 5)
    dump.activations("chain.output_gradient", gradient)
    for name, relu in rules.items():
        x = variable(image)
        hidden = functional.max_pool2d(relu(functional.conv2d(x, weights[0], weights[1], padding=1)), 2)
        relu(functional.conv2d(hidden, weights[2], weights[3], padding=1)).backward(gradient)
        dump.activations(f"chain.{name}", x.grad)
    dump.save("inspection.safetensors")


def imported_operations():
    """Operations of one activation in networks that other programs trained."""
    return {
        "leaky_relu": (random(2, 3, 5, 7), lambda x: functional.leaky_relu(x, 0.2)),
        "clamp": (random(2, 3, 5, 7), lambda x: x.clamp(-0.5, 0.75)),
        "linear.half_pixel": (
            random(2, 3, 5, 4),
            lambda x: functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False),
        ),
        "linear.align_corners": (
            random(2, 3, 5, 4),
            lambda x: functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True),
        ),
    }


def dump_imported():
    """The operations that only networks of other programs have."""
    dump = Dump()
    torch.manual_seed(20261129)
    dump_unary(dump, imported_operations())
    # Slopes below 0 and above 1, which no other activation has.
    x, slopes = variable(random(2, 5, 4, 6)), variable(random(5, low=-1, high=2))
    dump.activations("prelu.input", x)
    dump.array("prelu.slopes", slopes)
    backward(dump, "prelu", functional.prelu(x, slopes))
    dump.activations("prelu.input_gradient", x.grad)
    dump.array("prelu.slopes_gradient", slopes.grad)
    a, b = variable(random(2, 3, 4, 5)), variable(random(2, 8, 4, 5))
    dump.activations("concatenation.first", a)
    dump.activations("concatenation.second", b)
    backward(dump, "concatenation", torch.cat((a, b), 1))
    dump.activations("concatenation.first_gradient", a.grad)
    dump.activations("concatenation.second_gradient", b.grad)
    # Replicated edges, with a stride and with each channel on its own.
    for name, groups, stride in (("dense", 1, 1), ("strided", 1, 2), ("depthwise", 8, 1)):
        x, bias = variable(random(2, 8, 7, 6)), variable(random(8))
        weight = variable(random(8, 8 // groups, 5, 5))
        prefix = f"replicate.{name}"
        dump.activations(f"{prefix}.input", x)
        dump.array(f"{prefix}.weight", weight)
        dump.array(f"{prefix}.bias", bias)
        padded = functional.pad(x, (2,) * 4, mode="replicate")
        backward(dump, prefix, functional.conv2d(padded, weight, bias, stride=stride, groups=groups))
        dump.activations(f"{prefix}.input_gradient", x.grad)
        dump.array(f"{prefix}.weight_gradient", weight.grad)
        dump.array(f"{prefix}.bias_gradient", bias.grad)
    dump.save("imported.safetensors")


# Name: N, H, W, channels, kernel, stride, padding mode; the padding is half the kernel.
DEPTHWISE_CONVOLUTIONS = {
    "reflection": (2, 6, 9, 5, 3, 1, "reflect"),
    "reflection_strided": (1, 7, 8, 11, 3, 2, "reflect"),
    "zero_strided": (2, 5, 7, 3, 5, 2, "constant"),
}


def dump_depthwise_convolutions(dump):
    for name, (n, h, w, channels, kernel, stride, mode) in DEPTHWISE_CONVOLUTIONS.items():
        x, weight = variable(random(n, channels, h, w)), variable(random(channels, 1, kernel, kernel))
        bias = variable(random(channels))
        padded = functional.pad(x, (kernel // 2,) * 4, mode=mode)
        prefix = f"depthwise_convolution.{name}"
        dump.activations(f"{prefix}.input", x)
        dump.array(f"{prefix}.weight", weight)
        dump.array(f"{prefix}.bias", bias)
        backward(dump, prefix, functional.conv2d(padded, weight, bias, stride=stride, groups=channels))
        dump.activations(f"{prefix}.input_gradient", x.grad)
        dump.array(f"{prefix}.weight_gradient", weight.grad)
        dump.array(f"{prefix}.bias_gradient", bias.grad)


def blended_norm(x, scale, shift, mean, variance, share):
    """Batch norm by stored statistics for share 0, instance norm for share 1."""
    center = share * x.mean((2, 3), keepdim=True) + (1 - share) * mean[:, None, None]
    spread = share * x.var((2, 3), correction=0, keepdim=True) + (1 - share) * variance[:, None, None]
    return scale[:, None, None] * (x - center) / (spread + 1e-5).sqrt() + shift[:, None, None]


def dump_batch_norm(dump):
    for name, share in (("stored", 0.0), ("blended", 0.375)):
        x, scale, shift = variable(random(2, 5, 7, 3, low=-3, high=5)), variable(random(5)), variable(random(5))
        mean, variance = random(5), random(5, low=0.5, high=4)
        output = blended_norm(x, scale, shift, mean, variance, share)
        if share == 0:
            expected = functional.batch_norm(x, mean, variance, scale, shift, training=False, eps=1e-5)
            assert torch.allclose(output, expected)
        prefix = f"batch_norm.{name}"
        dump.activations(f"{prefix}.input", x)
        for part, value in (("scale", scale), ("shift", shift), ("mean", mean), ("variance", variance)):
            dump.array(f"{prefix}.{part}", value)
        backward(dump, prefix, output)
        dump.activations(f"{prefix}.input_gradient", x.grad)
        dump.array(f"{prefix}.scale_gradient", scale.grad)
        dump.array(f"{prefix}.shift_gradient", shift.grad)


def dump_warp(dump):
    """grid_sample interpolates with a = -0.75, so the taps are written out here with Keys' a = -0.5."""
    x, positions = variable(random(2, 3, 6, 5)), random(2, 4, 7, 2, low=-2, high=7)
    near = positions.floor()
    output = 0
    for i in range(-1, 3):
        for j in range(-1, 3):
            tap = near + torch.tensor([j, i])
            distance = (positions - tap).abs()
            inner = (1.5 * distance - 2.5) * distance**2 + 1
            outer = ((-0.5 * distance + 2.5) * distance - 4) * distance + 2
            weight = torch.where(distance < 1, inner, outer).prod(-1)
            column, row = tap[..., 0].clamp(0, 4).long(), tap[..., 1].clamp(0, 5).long()
            sampled = torch.stack([x[image, :, row[image], column[image]] for image in range(2)])
            output = output + weight[:, None] * sampled
    dump.activations("warp.input", x)
    dump.array("warp.positions", positions)
    backward(dump, "warp", output)
    dump.activations("warp.input_gradient", x.grad)


def dump_warping_error(dump):
    frame, warped = variable(random(2, 3, 5, 4, high=9)), variable(random(2, 3, 5, 4, high=9))
    change, mask = random(2, 1, 5, 4), whole(2, 1, 5, 4, low=0, high=1)
    loss = (mask * (frame - warped - change) ** 2).mean()
    loss.backward()
    for name, value in (("frame", frame), ("warped", warped), ("change", change), ("mask", mask)):
        dump.activations(f"warping_error.{name}", value)
    dump.array("warping_error.output", loss)
    dump.activations("warping_error.frame_gradient", frame.grad)
    dump.activations("warping_error.warped_gradient", warped.grad)


def dump_scalars(dump):
    x, target = variable(random(2, 3, 5, 7)), random(2, 3, 5, 7)
    loss = functional.mse_loss(x, target)
    loss.backward()
    dump.activations("mean_squared_error.input", x)
    dump.activations("mean_squared_error.target", target)
    dump.array("mean_squared_error.output", loss)
    dump.activations("mean_squared_error.input_gradient", x.grad)

    image = variable(whole(2, 3, 5, 7, low=0, high=255))
    loss = style_transfer.total_variation(image).sum()
    loss.backward()
    dump.activations("total_variation.input", image)
    dump.array("total_variation.output", loss)
    dump.activations("total_variation.input_gradient", image.grad)


def dump_adam(dump):
    """Three steps with changing gradients; the moments start from zero."""
    weight = variable(random(11))
    dump.array("adam.weight", weight)
    optimizer = torch.optim.Adam([weight], lr=1e-3)
    for step in (1, 2, 3):
        weight.grad = random(11, low=-10, high=10)
        dump.array(f"adam.gradient{step}", weight.grad)
        optimizer.step()
        dump.array(f"adam.weight{step}", weight)


def random_network(channels):
    """A network with weights of a trained one's size: He's scale, affine parameters around (1, 0)."""
    network = style_transfer.TransformerNet(channels).double()
    for parameter in network.parameters():
        bound = (6 / parameter[0].numel()) ** 0.5 if parameter.dim() == 4 else 0.5
        parameter.data = random(*parameter.shape, low=-bound, high=bound)
    for name, parameter in network.named_parameters():
        if name.split(".")[-2].startswith("in") and name.endswith("weight"):
            parameter.data += 1
            parameter.data = parameter.data.float().double()
    network.deconv3.conv2d.weight.data.mul_(0.25)
    return network


def dump_network():
    """The whole network at 1/16 width: output, and gradients of the input and of every weight."""
    dump = Dump()
    network = random_network((2, 4, 8))
    x = variable(whole(2, 3, 20, 16, low=0, high=255))
    dump.activations("input", x)
    for name, parameter in network.named_parameters():
        dump.array(f"weights.{name}", parameter)
    output = network(x)
    gradient = random(*output.shape)
    dump.activations("output", output)
    dump.activations("output_gradient", gradient)
    output.backward(gradient)
    dump.activations("input_gradient", x.grad)
    for name, parameter in network.named_parameters():
        dump.array(f"gradients.{name}", parameter.grad)
    dump.save("network.safetensors")


def dump_parts(dump, parts, prefix=""):
    dump.array(f"{prefix}content", parts["content"])
    for layer, value in parts["style"].items():
        dump.array(f"{prefix}style.{layer}", value)
    dump.array(f"{prefix}style", sum(parts["style"].values()) + parts.get("palette", 0))
    if "palette" in parts:
        dump.array(f"{prefix}palette", parts["palette"])
    dump.array(f"{prefix}tv", parts["tv"])
    dump.array(f"{prefix}total", parts["total"])


def dump_objective():
    """The objective on a narrow VGG of random weights: the parts with their weights applied, and the gradient."""
    dump = Dump()
    weights = {}
    inputs = 3
    for block, (count, outputs) in enumerate(zip(style_transfer.VGG_BLOCKS, (4, 6, 8, 10)), 1):
        for index in range(1, count + 1):
            bound = (6 / (9 * inputs)) ** 0.5
            weights[f"conv{block}_{index}.weight"] = random(outputs, inputs, 3, 3, low=-bound, high=bound)
            weights[f"conv{block}_{index}.bias"] = random(outputs, low=-5, high=5)
            inputs = outputs
    vgg = style_transfer.Vgg16(weights)
    for name, value in weights.items():
        dump.array(f"vgg.{name}", value)
    # Odd sizes: every pool but the first drops a row or a column.
    output = variable(whole(2, 3, 23, 21, low=0, high=255))
    content, style = whole(2, 3, 23, 21, low=0, high=255), whole(1, 3, 18, 25, low=0, high=255)
    parts = style_transfer.objective(vgg, output, content, style_transfer.style_targets(vgg, style))
    parts["total"].backward()
    dump.activations("output", output)
    dump.activations("content_image", content)
    dump.activations("style_image", style)
    dump_parts(dump, parts)
    dump.activations("gradient", output.grad)
    dump.save("objective.safetensors")


def synthetic_image(width, height, seed):
    """The picture of `syntheticImage` in TestSupport: [1, 3, height, width]."""
    with numpy.errstate(over="ignore"):
        y, x, c = numpy.meshgrid(*(numpy.arange(n, dtype=numpy.uint32) for n in (height, width, 3)), indexing="ij")
        seed = numpy.uint32(seed)
        value = x * numpy.uint32(0x9E3779B1) ^ y * numpy.uint32(0x85EBCA77)
        value = value ^ c * numpy.uint32(0xC2B2AE3D) ^ seed * numpy.uint32(0x27D4EB2F)
        value = (value ^ value >> 15) * numpy.uint32(0x2C1B3C6D)
        value = (value ^ value >> 12) * numpy.uint32(0x297A2D39)
        value = value ^ value >> 15
        pixels = (3 * x + 2 * y + 37 * c + 53 * seed) % 160 + (value & 63)
    return torch.from_numpy(pixels.astype(numpy.float64)).permute(2, 0, 1)[None]


# A prime step walks through a feature map without keeping to a channel or a row.
SAMPLE_STEP, SAMPLE_COUNT = 7919, 64


def dump_evaluation(dump, vgg, photo, style):
    """The objective of a photo stylized by the network of network.safetensors, its output clamped to 0...255."""
    network = style_transfer.TransformerNet((2, 4, 8)).double()
    stored = style_transfer.read_safetensors(HERE / "network.safetensors")
    network.load_state_dict({name: stored[f"weights.{name}"].double() for name in network.state_dict()})
    # Eightfold, so that a good part of the output lies beyond 0...255.
    network.deconv3.conv2d.weight.data.mul_(8)
    with torch.no_grad():
        output = network(photo)
        dump.array("evaluation.clamped", ((output < 0) | (output > 255)).double().mean())
        parts = style_transfer.objective(vgg, output.clamp(0, 255), photo, style_transfer.style_targets(vgg, style))
    dump_parts(dump, parts, "evaluation.")


def dump_vgg(path):
    """The real VGG-16 on synthetic pictures: statistics and samples of the features, the objective, its gradient."""
    dump = Dump()
    vgg = style_transfer.Vgg16({name: value.double() for name, value in style_transfer.read_safetensors(path).items()})
    output, content, style = (synthetic_image(64, 48, seed) for seed in (1, 2, 3))
    dump.array("image_sum", output.sum())
    dump_evaluation(dump, vgg, content, style)
    with torch.no_grad():
        features = vgg(output)
    for layer in style_transfer.STYLE_LAYERS:
        flat = features[layer].permute(0, 2, 3, 1).flatten()
        samples = torch.arange(SAMPLE_COUNT) * SAMPLE_STEP % flat.numel()
        dump.array(f"{layer}.mean", flat.mean())
        dump.array(f"{layer}.deviation", flat.std(correction=0))
        dump.array(f"{layer}.samples", flat[samples])
    output = variable(output)
    parts = style_transfer.objective(vgg, output, content, style_transfer.style_targets(vgg, style))
    parts["total"].backward()
    dump_parts(dump, parts)
    dump.activations("gradient", output.grad)
    dump.save("vgg16.safetensors")


def dump_balanced(path):
    """The balanced objective with the real VGG-16 on synthetic pictures, and its gradient."""
    dump = Dump()
    vgg = style_transfer.Vgg16({name: value.double() for name, value in style_transfer.read_safetensors(path).items()})
    output, photo, painting = (synthetic_image(64, 48, seed) for seed in (1, 2, 3))
    output = variable(output)
    parts = style_transfer.balanced_objective(vgg, output, photo, painting)
    parts["total"].backward()
    dump_parts(dump, parts)
    dump.activations("gradient", output.grad)
    dump.save("balanced.safetensors")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vgg", help="the extracted VGG-16 weights (conv1_1.weight, conv1_1.bias, ...)")
    arguments = parser.parse_args()
    torch.manual_seed(20240607)
    dump = Dump()
    dump_convolutions(dump)
    dump_instance_norm(dump)
    dump_unary(dump, johnson_operations())
    dump_scalars(dump)
    dump_adam(dump)
    dump.save("operations.safetensors")
    dump_network()
    dump_objective()
    if arguments.vgg:
        dump_vgg(arguments.vgg)
        dump_balanced(arguments.vgg)
    dump_candidates()
    dump_canvas()
    dump_inspection()
    dump_imported()


if __name__ == "__main__":
    main()
