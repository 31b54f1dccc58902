"""Serves the classifier of examples/digits with FastAPI: POST /predict with {"pixels": [64 numbers]}, GET /healthz."""

import os
import socket

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel, Field

from model import Digits

app = FastAPI()
model = Digits(os.environ.get("MODEL_DIR", "/models/digits"))


class Image(BaseModel):
    pixels: list[float] = Field(min_length=64, max_length=64)


@app.get("/healthz")
def health():
    return {"status": "ok"}


@app.post("/predict")
def predict(image: Image):
    digit, confidence = model.predict(image.pixels)
    return {"digit": digit, "confidence": round(confidence, 4)}


if __name__ == "__main__":
    listener = socket.create_server(("0.0.0.0", int(os.environ.get("PORT", "8000"))))
    print("listening on port %d" % listener.getsockname()[1], flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run([listener])
