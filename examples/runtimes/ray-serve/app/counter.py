"""A deployment that says how many bytes its model has."""

import os

from ray import serve


@serve.deployment
class Counter:
    def __init__(self):
        folder = os.environ["MODEL_PATH"]
        self.bytes = sum(os.path.getsize(os.path.join(folder, name)) for name in os.listdir(folder))

    async def __call__(self, request):
        return {"model": os.environ["MODEL_NAME"], "bytes": self.bytes}


app = Counter.bind()
