#!/usr/bin/python3
"""Unpacks the default photos from Debian packages, scaled down so that loading them does not slow the training.

usage: unpack_photos.py LIST PACKAGES OUTPUT

LIST names the photos (default_photos.txt), PACKAGES is the folder of the .deb files, OUTPUT the new folder to make.
The licences of the photos go to OUTPUT-licences. Needs dpkg-deb and the Python package Pillow (Debian: python3-pil).
"""

import os
import shutil
import subprocess
import sys
import tempfile

# Training crops 256 pixels: this leaves several crops at two scales in each photo.
SHORT_SIDE = 768
QUALITY = 92


class UnpackingError(Exception):
    """One sentence for the user."""


def read_list(path):
    """The photos as {package: [file below /usr/share/backgrounds]}."""
    photos = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            words = line.split()
            if words and not words[0].startswith("#"):
                photos.setdefault(words[0], []).append(words[1])
    return photos


def scale(source, target):
    """Writes `source` upright, in RGB, its short side at most SHORT_SIDE pixels."""
    from PIL import Image, ImageOps

    with Image.open(source) as image:
        # Lets the JPEG decoder skip most of the work where the photo is much larger.
        image.draft("RGB", (2 * SHORT_SIDE, 2 * SHORT_SIDE))
        image = ImageOps.exif_transpose(image).convert("RGB")
        factor = SHORT_SIDE / min(image.size)
        if factor < 1:
            size = [max(SHORT_SIDE, round(extent * factor)) for extent in image.size]
            image = image.resize(size, Image.Resampling.LANCZOS)
        image.save(target, quality=QUALITY)


def unpack(package_path, files, photos, licences):
    """Adds the named files of one package to the folder `photos`, and its copyright file to `licences`."""
    package = os.path.splitext(os.path.basename(package_path))[0]
    with tempfile.TemporaryDirectory() as folder:
        result = subprocess.run(["dpkg-deb", "--extract", package_path, folder], stderr=subprocess.DEVNULL, check=False)
        if result.returncode != 0:
            raise UnpackingError(f"{package_path}: not a Debian package; remove the file and try again")
        for name in files:
            source = os.path.join(folder, "usr/share/backgrounds", name)
            if not os.path.exists(source):
                raise UnpackingError(f"{package_path}: has no {name}, which the list of default photos names")
            scale(source, os.path.join(photos, os.path.basename(name)))
        shutil.copy(
            os.path.join(folder, "usr/share/doc", package, "copyright"), os.path.join(licences, package + ".txt"))


def main(arguments):
    if len(arguments) != 3:
        sys.exit("usage: unpack_photos.py LIST PACKAGES OUTPUT")
    list_path, packages, output = arguments
    licences = output + "-licences"
    partial = output + ".partial"
    try:
        shutil.rmtree(partial, ignore_errors=True)
        os.makedirs(partial)
        os.makedirs(licences, exist_ok=True)
        for package, files in read_list(list_path).items():
            unpack(os.path.join(packages, package + ".deb"), files, partial, licences)
        os.rename(partial, output)
    except ImportError:
        sys.exit("unpack_photos: the Python package Pillow is missing; on Debian: apt-get install python3-pil")
    except (UnpackingError, OSError) as error:
        sys.exit(f"unpack_photos: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
