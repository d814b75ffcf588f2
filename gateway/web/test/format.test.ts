import assert from "node:assert/strict";
import { test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { arrow, change, day, fixed, price, words } from "../src/format.ts";
import { AllocationSchema, Objective, SolveStatus } from "../src/gen/tickmesh/portfolio/v1/allocation_pb.ts";
import { Action, Lean, Reason, SignalSchema } from "../src/gen/tickmesh/model/v1/forecast_pb.ts";
import { reasonText } from "../src/signals.ts";
import { summaryText } from "../src/weights.ts";

test("changes carry their sign, and zero carries none", () => {
  assert.deepEqual(
    [0.0123, -0.004, 0, 0.000001, -0.000001].map((value) => change(value, 2)),
    ["+1.23 %", "−0.40 %", "0.00 %", "0.00 %", "0.00 %"],
  );
  assert.deepEqual([1, -1, 0, 0.00004].map(arrow), ["▲", "▼", "–", "–"]);
});

test("small prices keep their digits", () => {
  assert.deepEqual([price(133.414), price(0.012345), fixed(-2, 1)], ["133.41", "0.01235", "−2.0"]);
});

test("a session is named by its date", () => {
  assert.equal(day(timestampFromDate(new Date("2021-03-12T21:00:00Z"))), "2021-03-12");
  assert.equal(words("EDGE_BELOW_COST"), "edge below cost");
});

test("a hold says why and where it leans", () => {
  const reasons = [Reason.EDGE_BELOW_COST, Reason.STALE_DATA];
  const signal = create(SignalSchema, { action: Action.HOLD, lean: Lean.UP, reasons });
  assert.equal(reasonText(signal), "edge below cost · stale data · leans up");
});

test("an infeasible allocation names what clashes", () => {
  const allocation = create(AllocationSchema, {
    objective: Objective.TARGET_RETURN,
    status: SolveStatus.INFEASIBLE,
    clashingConstraints: ["target", "bounds[AAPL].max"],
    note: "lower the target",
  });
  assert.equal(
    summaryText(allocation),
    "target return · infeasible · clashing: target, bounds[AAPL].max · lower the target",
  );
  allocation.clashingConstraints = [];
  allocation.status = SolveStatus.UNSPECIFIED;
  allocation.note = "no forecast of AAPL";
  assert.equal(summaryText(allocation), "target return · no weights · no forecast of AAPL");
});
