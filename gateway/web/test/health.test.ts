import assert from "node:assert/strict";
import { test } from "node:test";
import { isWell, toHealth } from "../src/health.ts";
import { latchText, rowsOf } from "../src/parts.ts";

const latch = { name: "model/train", done: 2, total: 6, note: "AMZN" };
const starting = toHealth({
  parts: { model: { status: "NOT_SERVING", latency_ms: 0.42, latches: [latch] } },
  latches: [latch],
});

test("a latch that several name is shown once", () => {
  assert.deepEqual(starting.latches, [latch]);
  assert.equal(latchText(latch), "model train · 2 of 6 · AMZN");
  assert.equal(isWell(starting), false);
});

test("a part that works at its start is starting, one that is away is not", () => {
  assert.deepEqual(rowsOf(starting)[1], { name: "model", status: "starting", detail: "0.4 ms" });
  const away = toHealth({ parts: { model: { status: "NOT_SERVING", error: "the part cannot be reached" } } });
  assert.deepEqual(rowsOf(away)[1], { name: "model", status: "not serving", detail: "the part cannot be reached" });
});

test("a gateway out of reach leaves the rest unknown", () => {
  const statuses = rowsOf({ ...starting, isReachable: false }).map((row) => row.status);
  assert.deepEqual(statuses, ["unreachable", "unknown", "unknown", "unknown"]);
});
