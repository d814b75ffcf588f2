import assert from "node:assert/strict";
import { test } from "node:test";
import { type Candle, merged } from "../src/candles.ts";

const candle = (time: string, close = 1): Candle => ({ time, open: 1, high: 1, low: 1, close });
const times = (candles: readonly Candle[]): string[] => candles.map((each) => each.time);

test("a later candle is appended", () => {
  assert.deepEqual(times(merged([candle("2021-03-11")], [candle("2021-03-12"), candle("2021-03-15")])), [
    "2021-03-11",
    "2021-03-12",
    "2021-03-15",
  ]);
});

test("what is added replaces the same date", () => {
  const all = merged([candle("2021-03-11", 1), candle("2021-03-12", 2)], [candle("2021-03-12", 3)]);
  assert.deepEqual(
    all.map((each) => each.close),
    [1, 3],
  );
});

test("history and live candles that overlap come out in order, each date once", () => {
  const history = ["2021-03-10", "2021-03-11", "2021-03-12"].map((time) => candle(time));
  const live = ["2021-03-11", "2021-03-12", "2021-03-15"].map((time) => candle(time));
  assert.deepEqual(times(merged(history, live)), ["2021-03-10", "2021-03-11", "2021-03-12", "2021-03-15"]);
});

test("candles are kept to a bound", () => {
  const many = Array.from({ length: 1500 }, (_, i) => candle(new Date(i * 86_400_000).toISOString().slice(0, 10)));
  const kept = merged([], many);
  assert.equal(kept.length, 1000);
  assert.equal(kept.at(-1), many.at(-1));
});
