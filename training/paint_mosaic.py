#!/usr/bin/env python3
"""Paints a mosaic of glass: a style image of our own, for trying the trainer on a painting that no base model has seen.

    training/paint_mosaic.py mosaic.png [--size 512] [--seed 1]

Tiles are the cells around jittered points (Voronoi), laid in waves of a few colours, a little lighter towards their middle, with
dark lead between them. The same seed gives the same picture. Needs nothing but Python.
"""

import argparse
import math
import pathlib
import random
import struct
import sys
import zlib

# Night blue, sea, turquoise, amber, rust and ivory.
PALETTE = [(23, 37, 84), (29, 92, 132), (52, 160, 148), (232, 170, 56), (180, 70, 40), (240, 228, 200)]
LEAD = (24, 20, 22)
# Pixels between two points of the grid, and half the width of the lead.
SPACING = 18
LEAD_WIDTH = 1.6


def cells(size, generator):
    """For each square of the grid its point and its colour."""
    count = size // SPACING + 3
    grid = {}
    for row in range(-1, count):
        for column in range(-1, count):
            x = (column + 0.15 + 0.7 * generator.random()) * SPACING
            y = (row + 0.15 + 0.7 * generator.random()) * SPACING
            u, v = x / size, y / size
            wave = 0.5 + 0.35 * math.sin(7 * u + 4 * math.sin(5 * v)) + 0.25 * math.sin(9 * v - 3 * u) + 0.12 * generator.gauss(0, 1)
            colour = PALETTE[min(len(PALETTE) - 1, max(0, int(wave * len(PALETTE))))]
            light = 1 + 0.12 * generator.gauss(0, 1)
            grid[row, column] = (x, y, tuple(min(255.0, max(0.0, value * light)) for value in colour))
    return grid


def paint(size, seed):
    """The rows of the picture, three bytes a pixel."""
    grid = cells(size, random.Random(seed))
    rows = []
    for y in range(size):
        line = bytearray()
        for x in range(size):
            row, column = y // SPACING, x // SPACING
            first, second, tile = math.inf, math.inf, LEAD
            for neighbour in ((row + i, column + j) for i in (-1, 0, 1) for j in (-1, 0, 1)):
                px, py, colour = grid[neighbour]
                distance = math.hypot(px - x, py - y)
                if distance < first:
                    first, second, tile = distance, first, colour
                elif distance < second:
                    second = distance
            # Half the difference of the distances is how far the border is.
            glass = min(1.0, max(0.0, (second - first) / 2 - LEAD_WIDTH + 0.5))
            light = 1.08 - 0.3 * first / SPACING
            line += bytes(int(min(255, lead + glass * (value * light - lead))) for lead, value in zip(LEAD, tile))
        rows.append(bytes(line))
    return rows


def png(rows):
    """The bytes of a PNG file of 8-bit RGB."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", len(rows[0]) // 3, len(rows), 8, 2, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if not 32 <= arguments.size <= 4096:
        sys.exit(f"paint_mosaic.py: a size of {arguments.size}, expected 32 to 4096")
    try:
        arguments.output.write_bytes(png(paint(arguments.size, arguments.seed)))
    except OSError as error:
        sys.exit(f"paint_mosaic.py: {error}")


if __name__ == "__main__":
    main()
