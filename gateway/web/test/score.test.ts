import assert from "node:assert/strict";
import { test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { GetLiveScoreResponseSchema, LiveScoreSchema } from "../src/gen/tickmesh/model/v1/monitoring_service_pb.ts";
import { coverageText, ratio, rowsOf, scoreText, span } from "../src/score.ts";

const figures = {
  mse: 0.000499,
  msePersistence: 0.0005,
  mseRatioError: 0.0124,
  coverage: 0.9122,
  nominalCoverage: 0.9,
};
const scored = create(LiveScoreSchema, { symbol: "AAPL", forecasts: 41n, ...figures });

test("the ratio stands beside its count and its error", () => {
  assert.equal(scoreText(scored), "model 0.998 × persistence (n = 41, ± 0.012)");
  assert.equal(coverageText(scored), "coverage 91.2 %, nominal 90 %");
});

test("without outcomes no ratio is claimed", () => {
  const none = create(LiveScoreSchema, { symbol: "AAPL" });
  assert.equal(ratio(none), undefined);
  assert.equal(scoreText(none), "no outcome yet (n = 0)");
  assert.equal(coverageText(none), "");
});

test("an error that is not known is left out", () => {
  const one = create(LiveScoreSchema, { forecasts: 1n, mse: 1, msePersistence: 2 });
  assert.equal(scoreText(one), "model 0.500 × persistence (n = 1)");
});

test("the total comes first, and a version is named where a symbol has several", () => {
  const of = (symbol: string, version: string) => ({ symbol, modelVersion: `models/${symbol}/versions/${version}` });
  const scores = [of("AAPL", "1"), of("AAPL", "2"), of("MSFT", "1")];
  const answer = create(GetLiveScoreResponseSchema, { scores, total: {} });
  assert.deepEqual(
    rowsOf(answer).map((row) => row.name),
    ["All", "AAPL v1", "AAPL v2", "MSFT"],
  );
});

test("the plot's span holds the widest error", () => {
  assert.ok(span([scored]) >= 0.002 + 0.0124);
  assert.equal(span([create(LiveScoreSchema, { mse: 9, msePersistence: 1 })]), 1);
});
