#!/usr/bin/env python3
"""Trains the digit classifier and writes weights/ and sample.json.

    python3 -m venv venv && venv/bin/pip install scikit-learn && venv/bin/python train.py

Needed only to make the weights again: the image is built from the files that are committed here.
The same machine and the same versions of numpy and scikit-learn give the same bytes.
"""

import json
import os
import struct

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

HERE = os.path.dirname(os.path.abspath(__file__))
SEED = 7


def shifted(images):
    """The images, and each of them moved by one pixel in every direction."""
    moves = [(0, 0), (0, 1), (0, -1), (1, 1), (-1, 1)]  # (step, axis) of a roll
    out = []
    for step, axis in moves:
        moved = np.roll(images, step, axis=axis + 1)
        if step:
            edge = 0 if step > 0 else -1
            moved[(slice(None), slice(None), edge) if axis else (slice(None), edge)] = 0
        out.append(moved)
    return np.concatenate(out)


def write_safetensors(path, tensors, metadata):
    """The safetensors format: length of the header (u64), header (JSON, padded to 8), then the data."""
    header, offset = {"__metadata__": metadata}, 0
    for name, tensor in tensors.items():
        end = offset + tensor.nbytes
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for tensor in tensors.values():
            file.write(np.ascontiguousarray(tensor, "<f4").tobytes())


def train(images, labels):
    model = MLPClassifier((256, 128), alpha=1e-3, max_iter=200, random_state=SEED)
    grown = shifted(images)
    return model.fit(grown.reshape(len(grown), 64) / 16.0, np.tile(labels, len(grown) // len(labels)))


def tensors_of(model):
    out = {}
    for layer, (weight, bias) in enumerate(zip(model.coefs_, model.intercepts_)):
        out[f"layers.{layer}.weight"] = weight.astype("<f4")
        out[f"layers.{layer}.bias"] = bias.astype("<f4")
    return out


def main():
    digits = load_digits()
    train_x, test_x, train_y, test_y = train_test_split(
        digits.images, digits.target, test_size=0.25, random_state=SEED, stratify=digits.target)
    model = train(train_x, train_y)
    accuracy = model.score(test_x.reshape(len(test_x), 64) / 16.0, test_y)
    print(f"held-out accuracy {accuracy:.4f} on {len(test_x)} digits")

    folder = os.path.join(HERE, "weights")
    os.makedirs(folder, exist_ok=True)
    write_safetensors(os.path.join(folder, "model.safetensors"), tensors_of(model), {"format": "np"})
    with open(os.path.join(folder, "config.json"), "w") as file:
        json.dump({"model_type": "mlp", "activation": "relu", "inputs": 64, "layers": [256, 128, 10],
                   "pixel_max": 16, "held_out_accuracy": round(accuracy, 4)}, file, indent=2)
        file.write("\n")
    with open(os.path.join(HERE, "sample.json"), "w") as file:
        three = list(test_y).index(3)
        json.dump({"label": 3, "pixels": [int(value) for value in test_x[three].reshape(64)]}, file)
        file.write("\n")


if __name__ == "__main__":
    main()
