"""The classifier: reads safetensors with numpy alone, and answers with a digit."""

import json
import os
import struct

import numpy as np

DTYPES = {"F32": "<f4", "F16": "<f2"}


def read_safetensors(path):
    """The tensors of a file, by name. They are views of one mapping: nothing is read before it is used."""
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        if length > size - 8:
            raise ValueError(f"{path}: the header is longer than the file")
        header = json.loads(file.read(length))
    data = np.memmap(path, np.uint8, "r", offset=8 + length)
    header.pop("__metadata__", None)
    return {name: data[slice(*tensor["data_offsets"])].view(DTYPES[tensor["dtype"]]).reshape(tensor["shape"])
            for name, tensor in header.items()}


class Digits:
    def __init__(self, folder):
        with open(os.path.join(folder, "config.json")) as file:
            config = json.load(file)
        tensors = read_safetensors(os.path.join(folder, "model.safetensors"))
        self.inputs, self.scale = config["inputs"], config["pixel_max"]
        self.layers = [(tensors[f"layers.{i}.weight"], tensors[f"layers.{i}.bias"])
                       for i in range(len(config["layers"]))]

    def predict(self, pixels):
        """The digit and how sure the model is of it, for 64 brightnesses from 0 to 16, row by row."""
        values = np.asarray(pixels, np.float32) / self.scale
        for weight, bias in self.layers[:-1]:
            values = np.maximum(values @ weight + bias, 0)
        weight, bias = self.layers[-1]
        scores = values @ weight + bias
        chances = np.exp(scores - scores.max())
        chances /= chances.sum()
        return int(chances.argmax()), float(chances.max())
