"""The network and the objective in PyTorch: the second opinion that golden files, evaluation and timing share.

Nothing here is used by the programs. Shapes are PyTorch's NCHW; images are RGB 0...255.
"""

import torch
from safetensors import safe_open
from torch import nn
from torch.nn import functional

CONTENT_LAYER = "relu3_3"
STYLE_LAYERS = ("relu1_2", "relu2_2", "relu3_3", "relu4_3")
CONTENT_WEIGHT, STYLE_WEIGHT, TV_WEIGHT = 1.0, 5.0, 1e-6

# Convolutions of the VGG-16 blocks in use; a 2x2 max pool stands between two blocks.
VGG_BLOCKS = (2, 2, 3, 3)
# Caffe's mean colour in BGR order.
VGG_MEAN_BGR = (103.939, 116.779, 123.68)


class ConvLayer(nn.Module):
    """Reflection padding of half the kernel, then a convolution; optionally behind nearest x2 upsampling."""

    def __init__(self, inputs, outputs, kernel, stride=1, upsample=False):
        super().__init__()
        self.upsample = upsample
        self.reflection_pad = nn.ReflectionPad2d(kernel // 2)
        self.conv2d = nn.Conv2d(inputs, outputs, kernel, stride)

    def forward(self, x):
        if self.upsample:
            x = functional.interpolate(x, scale_factor=2, mode="nearest")
        return self.conv2d(self.reflection_pad(x))


class ResidualBlock(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv1 = ConvLayer(channels, channels, 3)
        self.in1 = nn.InstanceNorm2d(channels, affine=True)
        self.conv2 = ConvLayer(channels, channels, 3)
        self.in2 = nn.InstanceNorm2d(channels, affine=True)

    def forward(self, x):
        y = functional.relu(self.in1(self.conv1(x)))
        return x + self.in2(self.conv2(y))


class TransformerNet(nn.Module):
    """The image transformation network of Johnson et al., names as in PyTorch's fast_neural_style example.

    The output is 127.5 + 150 * tanh(x), as in Johnson's released code.
    """

    def __init__(self, channels=(32, 64, 128)):
        super().__init__()
        first, second, third = channels
        self.conv1 = ConvLayer(3, first, 9)
        self.in1 = nn.InstanceNorm2d(first, affine=True)
        self.conv2 = ConvLayer(first, second, 3, stride=2)
        self.in2 = nn.InstanceNorm2d(second, affine=True)
        self.conv3 = ConvLayer(second, third, 3, stride=2)
        self.in3 = nn.InstanceNorm2d(third, affine=True)
        for index in range(1, 6):
            setattr(self, f"res{index}", ResidualBlock(third))
        self.deconv1 = ConvLayer(third, second, 3, upsample=True)
        self.in4 = nn.InstanceNorm2d(second, affine=True)
        self.deconv2 = ConvLayer(second, first, 3, upsample=True)
        self.in5 = nn.InstanceNorm2d(first, affine=True)
        self.deconv3 = ConvLayer(first, 3, 9)

    def forward(self, x):
        y = functional.relu(self.in1(self.conv1(x)))
        y = functional.relu(self.in2(self.conv2(y)))
        y = functional.relu(self.in3(self.conv3(y)))
        for index in range(1, 6):
            y = getattr(self, f"res{index}")(y)
        y = functional.relu(self.in4(self.deconv1(y)))
        y = functional.relu(self.in5(self.deconv2(y)))
        return 127.5 + 150 * torch.tanh(self.deconv3(y))


class Vgg16(nn.Module):
    """VGG-16 up to relu4_3 in Caffe's conventions; `weights` maps conv1_1.weight, conv1_1.bias, ... to tensors."""

    def __init__(self, weights):
        super().__init__()
        self.names = [f"conv{b}_{k}" for b, count in enumerate(VGG_BLOCKS, 1) for k in range(1, count + 1)]
        for name in self.names:
            self.register_buffer(f"{name}_weight", weights[f"{name}.weight"])
            self.register_buffer(f"{name}_bias", weights[f"{name}.bias"])

    def forward(self, image):
        """All ReLU outputs by name."""
        mean = torch.tensor(VGG_MEAN_BGR, dtype=image.dtype).view(1, 3, 1, 1)
        y = image[:, [2, 1, 0]] - mean
        features = {}
        for name in self.names:
            if name.endswith("_1") and name != "conv1_1":
                y = functional.max_pool2d(y, 2)
            weight, bias = getattr(self, f"{name}_weight"), getattr(self, f"{name}_bias")
            y = functional.relu(functional.conv2d(y, weight, bias, padding=1))
            features[name.replace("conv", "relu")] = y
        return features


def gram(features):
    """F F^T / (C H W) of each image: [N, C, H, W] -> [N, C, C]."""
    count, channels, height, width = features.shape
    flat = features.reshape(count, channels, height * width)
    return flat @ flat.transpose(1, 2) / (channels * height * width)


def total_variation(image):
    """The sum of squared neighbour differences of each image: [N, C, H, W] -> [N]."""
    horizontal = (image[..., :, 1:] - image[..., :, :-1]).square().sum((1, 2, 3))
    vertical = (image[..., 1:, :] - image[..., :-1, :]).square().sum((1, 2, 3))
    return horizontal + vertical


def style_targets(vgg, style_image):
    """The Gram matrices of the painting by layer."""
    features = vgg(style_image)
    return {layer: gram(features[layer]) for layer in STYLE_LAYERS}


def objective(vgg, output, content_image, targets):
    """The weighted parts of the loss: content, style by layer, tv, total. The total variation is the batch's mean."""
    features = vgg(output)
    with torch.no_grad():
        content_target = vgg(content_image)[CONTENT_LAYER]
    content = CONTENT_WEIGHT * functional.mse_loss(features[CONTENT_LAYER], content_target)
    style = {}
    for layer in STYLE_LAYERS:
        matrices = gram(features[layer])
        style[layer] = STYLE_WEIGHT * functional.mse_loss(matrices, targets[layer].expand_as(matrices))
    tv = TV_WEIGHT * total_variation(output).mean()
    total = content + sum(style.values()) + tv
    return {"content": content, "style": style, "tv": tv, "total": total}


def luma_blocks(image):
    """The mean luma of blocks of 16 x 16 pixels: [N, 3, H, W] -> [N, 1, H/16, W/16]."""
    weights = torch.tensor((0.299, 0.587, 0.114), dtype=image.dtype).view(1, 3, 1, 1)
    return functional.avg_pool2d((image * weights).sum(1, keepdim=True), 16)


def tone_loss(output, photo, painting):
    """How far light and dark are from the photo's, brought to the painting's mean and deviation."""
    wanted, found = luma_blocks(painting), luma_blocks(photo)
    mean, deviation = wanted.mean(), wanted.std(correction=0).clamp(min=1)
    gain = (deviation / found.std(correction=0).clamp(min=1)).clamp(0.6, 1.6)
    target = mean + gain * (found - found.mean())
    return functional.mse_loss(luma_blocks(output), target) / deviation.square()


def palette_loss(output, painting):
    """How far the second moments of (Y, Cb, Cr, 1) are, each colour minus the painting's mean over its deviation."""
    rows = torch.tensor(
        ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312)), dtype=painting.dtype
    )

    def colours(image):
        return torch.einsum("rc,nchw->nrhw", rows, image)

    wanted = colours(painting)
    mean = wanted.mean((0, 2, 3), keepdim=True)
    deviation = wanted.std((0, 2, 3), correction=0, keepdim=True).clamp(min=1)

    def moments(image):
        scaled = (colours(image) - mean) / deviation
        return gram(torch.cat((scaled, torch.ones_like(scaled[:, :1])), 1))

    target = moments(painting).detach()
    return functional.mse_loss(moments(output), target) / target.square().mean()


def balanced_objective(vgg, output, photo, painting):
    """The weighted parts of the balanced loss for one image: content, style by layer, palette, tv (none), total."""
    content_weight, octaves = 6.0, (1.0, 0.5)
    layer_weights = {"relu1_2": 8.0, "relu2_2": 8.0, "relu3_3": 3.0, "relu4_3": 1.0}
    with torch.no_grad():
        wanted = functional.instance_norm(vgg(photo)["relu4_1"])
    content = functional.mse_loss(functional.instance_norm(vgg(output)["relu4_1"]), wanted)
    content = content_weight * (content + tone_loss(output, photo, painting))
    style = dict.fromkeys(STYLE_LAYERS, 0.0)
    for octave, share in enumerate(octaves):
        features = vgg(functional.avg_pool2d(output, 2**octave))
        with torch.no_grad():
            targets = style_targets(vgg, functional.avg_pool2d(painting, 2**octave))
        for layer in STYLE_LAYERS:
            loss = functional.mse_loss(gram(features[layer]), targets[layer]) / targets[layer].square().mean()
            style[layer] = style[layer] + share * layer_weights[layer] * loss
    palette = 3 * palette_loss(output, painting)
    total = content + sum(style.values()) + palette
    return {"content": content, "style": style, "palette": palette, "tv": torch.zeros(()), "total": total}


def read_safetensors(path):
    """All tensors of a file by name."""
    with safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}


def read_network(path):
    """A TransformerNet with the weights of a model file; the widths follow from the weights' shapes."""
    with safe_open(path, framework="pt") as file:
        network = (file.metadata() or {}).get("network", "johnson")
    if network != "johnson":
        raise SystemExit(f"{path}: network {network} is not known here, only johnson")
    weights = read_safetensors(path)
    channels = [weights[f"conv{index}.conv2d.weight"].shape[0] for index in (1, 2, 3)]
    model = TransformerNet(channels)
    model.load_state_dict(weights)
    return model
