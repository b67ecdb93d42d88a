#!/usr/bin/env python3
"""The plain method of Gatys et al. (2016) in PyTorch, at one size, for comparison with optimize-image.

    .cache/peers/bin/python Benchmarks/peers/gatys.py --vgg vgg16.safetensors photo.jpg painting.jpg out.png

Content is the mean squared error at relu4_2, style that of the Gram matrices F F^T / (H W) at relu1_1, relu2_1, relu3_1 and
relu4_1 with weights of 1000 / C^2, on the weights of VGG-16 that Impasto uses. PyTorch's L-BFGS changes the pixels from the
photo, at its usual learning rate. The painting has the photo's short side, or its own if that is less.
"""

import argparse
import json
import pathlib
import sys
import time

import torch
from PIL import Image
from torch.nn import functional

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests" / "Golden"))

import evaluate_reference  # noqa: E402
import style_transfer  # noqa: E402

STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")
CONTENT_LAYER = "relu4_2"


def gram(features):
    _, channels, height, width = features.shape
    flat = features.reshape(channels, height * width)
    return flat @ flat.T / (height * width)


def paint(vgg, photo, painting, iterations, content_weight):
    with torch.no_grad():
        content = vgg(photo)[CONTENT_LAYER]
        features = vgg(painting)
        targets = {layer: gram(features[layer]) for layer in STYLE_LAYERS}
    picture = photo.contiguous().clone().requires_grad_()
    # The first step is too small to change a loss of this size in single precision: no reason to stop.
    optimizer = torch.optim.LBFGS(
        [picture], max_iter=iterations, max_eval=2 * iterations, tolerance_grad=0, tolerance_change=-1, history_size=10
    )
    losses = []

    def closure():
        optimizer.zero_grad()
        features = vgg(picture)
        loss = content_weight * functional.mse_loss(features[CONTENT_LAYER], content)
        for layer, target in targets.items():
            loss = loss + 1000 / len(target) ** 2 * functional.mse_loss(gram(features[layer]), target)
        loss.backward()
        losses.append(loss.item())
        return loss

    optimizer.step(closure)
    return picture.detach(), losses


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo")
    parser.add_argument("painting")
    parser.add_argument("output")
    parser.add_argument("--vgg", required=True, help="the extracted VGG-16 weights")
    parser.add_argument("--size", type=int, default=512, help="the short side in pixels")
    parser.add_argument("--iterations", type=int, default=500)
    parser.add_argument("--content-weight", type=float, default=1)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    vgg = style_transfer.Vgg16(style_transfer.read_safetensors(arguments.vgg))

    def read(path, size):
        image = evaluate_reference.read_image(path)
        size = min(size, *image.size) if path == arguments.painting else size
        return evaluate_reference.as_tensor(evaluate_reference.scale_short_side(image, size), torch.float32)

    start = time.perf_counter()
    photo, painting = read(arguments.photo, arguments.size), read(arguments.painting, arguments.size)
    picture, losses = paint(vgg, photo, painting, arguments.iterations, arguments.content_weight)
    pixels = picture[0].permute(1, 2, 0).clamp(0, 255).round().to(torch.uint8).numpy()
    Image.fromarray(pixels).save(arguments.output)
    print(json.dumps({"seconds": time.perf_counter() - start, "evaluations": len(losses), "loss": losses[-1]}))


if __name__ == "__main__":
    main()
