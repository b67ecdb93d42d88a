#!/usr/bin/env python3
"""The numbers of evaluate-style, computed by PyTorch alone.

    python evaluate_reference.py --model starry.safetensors --vgg vgg16.safetensors \
        --style-image starry.png --content DIR --size 256 --json

Each photo is scaled to SIZE on its short side, the central SIZE x SIZE square is stylized, the output is clamped to
0...255, and the objective is taken with its weights applied (content 1, style 5, total variation 1e-6). The style image is
scaled to --style-size on its short side and not cropped.

Two programs do not scale a picture, or decode a JPEG, alike to the last bit, and one step of 255 in a few pixels moves the
losses of a network's output by as much as a hundredth. For a comparison of the losses give both the same squares as PNG:
--no-resize takes photos and style image as they are.
"""

import argparse
import json
import pathlib
import sys

import numpy
import torch
from PIL import Image, ImageOps

import style_transfer

EXTENSIONS = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".ppm"}


def scale_short_side(image, size):
    width, height = image.size
    factor = size / min(width, height)
    return image.resize((max(size, round(width * factor)), max(size, round(height * factor))), Image.BICUBIC)


def crop_centre(image, size):
    left, top = (image.width - size) // 2, (image.height - size) // 2
    return image.crop((left, top, left + size, top + size))


def read_image(path):
    return ImageOps.exif_transpose(Image.open(path)).convert("RGB")


def as_tensor(image, dtype):
    return torch.from_numpy(numpy.array(image)).to(dtype).permute(2, 0, 1)[None]


def evaluate(arguments):
    dtype = torch.float64 if arguments.double else torch.float32
    network = style_transfer.read_network(arguments.model).to(dtype)
    weights = style_transfer.read_safetensors(arguments.vgg)
    vgg = style_transfer.Vgg16({name: value.to(dtype) for name, value in weights.items()})

    style_image = read_image(arguments.style_image)
    if not arguments.no_resize:
        style_image = scale_short_side(style_image, arguments.style_size)
    targets = style_transfer.style_targets(vgg, as_tensor(style_image, dtype))

    root = pathlib.Path(arguments.content)
    files = [root] if root.is_file() else sorted(p for p in root.rglob("*") if p.suffix.lower() in EXTENSIONS)
    if not files:
        sys.exit(f"{root}: no photos found")
    photos = []
    for file in files:
        photo = read_image(file)
        if not arguments.no_resize:
            photo = crop_centre(scale_short_side(photo, arguments.size), arguments.size)
        photo = as_tensor(photo, dtype)
        output = network(photo)[..., : photo.shape[2], : photo.shape[3]].clamp(0, 255)
        if arguments.outputs:
            pixels = output[0].permute(1, 2, 0).round().to(torch.uint8).numpy()
            pathlib.Path(arguments.outputs).mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(pathlib.Path(arguments.outputs) / f"{file.stem}.png")
        parts = style_transfer.objective(vgg, output, photo, targets)
        layers = {layer: value.item() for layer, value in parts["style"].items()}
        photos.append(
            {
                "file": str(file),
                "content": parts["content"].item(),
                "style": sum(layers.values()),
                "styleLayers": layers,
                "tv": parts["tv"].item(),
                "total": parts["total"].item(),
            }
        )
    keys = ("content", "style", "tv", "total")
    mean = {key: sum(photo[key] for photo in photos) / len(photos) for key in keys}
    return {"mean": mean, "photos": photos}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="a model file of train-style")
    parser.add_argument("--vgg", required=True, help="the extracted VGG-16 weights")
    parser.add_argument("--style-image", required=True)
    parser.add_argument("--content", required=True, help="a photo, or a folder searched recursively")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--style-size", type=int, default=256)
    parser.add_argument("--no-resize", action="store_true", help="take the pictures as they are")
    parser.add_argument("--double", action="store_true", help="compute in double precision")
    parser.add_argument("--outputs", help="a folder for the stylized pictures")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    with torch.no_grad():
        result = evaluate(arguments)
    if arguments.json:
        print(json.dumps(result, indent=2))
    else:
        for photo in result["photos"] + [{"file": "mean", **result["mean"]}]:
            parts = "  ".join(f"{key} {photo[key]:.6g}" for key in ("content", "style", "tv", "total"))
            print(f"{photo['file']}: {parts}")


if __name__ == "__main__":
    main()
