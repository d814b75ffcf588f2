"""The peer: one forest per symbol behind FastAPI, as the seed's pipeline serves it. MODEL picks sklearn or onnx."""

import os
import pickle

import numpy as np
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

with open(os.environ["PEER_STATE"], "rb") as file:
    STATE = pickle.load(file)

if os.environ["MODEL"] == "onnx":
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(STATE["onnx"], options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def predict(row):
        return float(session.run(None, {name: row.astype(np.float32)})[0].ravel()[0])
else:
    forest = STATE["sklearn"]
    forest.n_jobs = 1

    def predict(row):
        return float(forest.predict(row)[0])


class Request(BaseModel):
    symbol: str


app = FastAPI()


@app.post("/predict")
async def answer(request: Request):
    features = STATE["features"].get(request.symbol)
    if features is None:
        raise HTTPException(404, "unknown symbol")
    expected = predict(features)
    last = STATE["last_price"]
    sigma = STATE["sigma"]
    return {
        "symbol": request.symbol,
        "last_price": last,
        "expected_return": expected,
        "predicted_price": last * (1 + expected),
        "interval": {"lower": expected - 1.64 * sigma, "upper": expected + 1.64 * sigma, "coverage": 0.9},
        "signal": "BUY" if expected > 0.001 else "SELL" if expected < -0.001 else "HOLD",
    }
