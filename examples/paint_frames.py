#!/usr/bin/env python3
"""Paints raw frames from standard input to standard output, in a pipe between two programs. It needs no NumPy.

    ffmpeg -i in.mp4 -f rawvideo -pix_fmt rgb24 - | ./paint_frames.py 1280x720 starry |
      ffmpeg -f rawvideo -pix_fmt rgb24 -video_size 1280x720 -framerate 25 -i - out.mp4
"""

import sys

import impasto


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit("usage: paint_frames.py WIDTHxHEIGHT STYLE")
    width, height = (int(number) for number in sys.argv[1].split("x"))
    frame = bytearray(3 * width * height)
    with impasto.Style(sys.argv[2]) as style:
        style.prepare(width, height)
        while sys.stdin.buffer.readinto(frame) == len(frame):
            style.paint(frame, width, height, out=frame)
            sys.stdout.buffer.write(frame)


if __name__ == "__main__":
    try:
        main()
    except (impasto.Error, ValueError) as error:
        sys.exit(f"paint_frames.py: {error}")
