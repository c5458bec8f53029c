#!/usr/bin/python3
"""Halves the height and width of the images of a dataset: every second row and column of pixels.

    tests/halve_images.py FROM TO

FROM and TO are folders with the four IDX files of a dataset, gzip or plain; TO gets plain ones.
"""
import gzip
import pathlib
import struct
import sys


def halved(content):
    """An IDX file of images."""
    n, height, width = struct.unpack(">3I", content[4:16])
    kept = bytearray()
    for row in range(n * height):
        if row % height % 2 == 0:
            begin = 16 + row * width
            kept += content[begin:begin + width:2]
    sizes = struct.pack(">3I", n, (height + 1) // 2, (width + 1) // 2)
    return content[:4] + sizes + bytes(kept)


def main():
    """Each file of the folder."""
    source, target = map(pathlib.Path, sys.argv[1:])
    target.mkdir(parents=True)
    for path in source.iterdir():
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
        if "images" in path.name:
            content = halved(content)
        (target / path.name.removesuffix(".gz")).write_bytes(content)


main()
