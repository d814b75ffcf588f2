import assert from "node:assert/strict";
import { test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { FeedSchema } from "../src/gen/tickmesh/market/v1/market_service_pb.ts";
import { SnapshotSchema } from "../src/gen/tickmesh/market/v1/snapshot_pb.ts";
import { FeedState } from "../src/gen/tickmesh/type/v1/stream_pb.ts";
import { take } from "../src/decode.ts";
import { intervalText, nextBand } from "../src/interval.ts";
import { dayChange, initial, type State, withSnapshots } from "../src/state.ts";

const bar = (day: string, close: number) => ({
  symbol: "AAPL",
  timeFrame: "TIME_FRAME_1D",
  openTime: `${day}T14:30:00Z`,
  closeTime: `${day}T21:00:00Z`,
  open: 120,
  high: 125,
  low: 119,
  close,
});

const signal = {
  symbol: "AAPL",
  action: "ACTION_HOLD",
  reasons: ["REASON_EDGE_BELOW_COST"],
  asOf: "2021-03-12T21:00:00Z",
  targetTime: "2021-03-15T20:00:00Z",
  lastPrice: 121,
  expectedReturn: 0.001,
  interval: { lower: -0.02, upper: 0.03, coverage: 0.9 },
};

const after = (...bars: object[]): State => take(initial, "bars", { sequence: "2", bars: bars as never }, 5);

test("bars become candles and move the market clock", () => {
  const state = after(bar("2021-03-11", 120), bar("2021-03-12", 121));
  assert.deepEqual(
    state.candles.get("AAPL")?.map(({ time, close }) => [time, close]),
    [
      ["2021-03-11", 120],
      ["2021-03-12", 121],
    ],
  );
  assert.equal(state.marketTime?.seconds, 1615582800n);
  assert.equal(state.symbol, "AAPL");
  assert.equal(state.channels.bars.lastAt, 5);
});

test("a live bar of a new session moves the feed on, a snapshot does not", () => {
  const feed = create(FeedSchema, { state: FeedState.WAITING, sessionsDone: 3, sessionsTotal: 684 });
  const known = { ...after(bar("2021-03-12", 121)), feed };
  const snapshot = take(known, "bars", { bars: [{ ...bar("2021-03-15", 122), isSnapshot: true }] as never }, 6);
  assert.deepEqual([snapshot.feed?.state, snapshot.feed?.sessionsDone], [FeedState.WAITING, 3]);
  const live = take(known, "bars", { bars: [bar("2021-03-15", 122)] as never }, 6);
  assert.deepEqual([live.feed?.state, live.feed?.sessionsDone], [FeedState.LIVE, 4]);
});

test("a signal's interval is drawn ahead until its bar has come", () => {
  const state = take(after(bar("2021-03-12", 121)), "signals", { signals: [signal] }, 6);
  const bands = state.bands.get("AAPL") ?? [];
  const band = nextBand(bands, state.candles.get("AAPL")?.at(-1));
  assert.equal(
    band && intervalText(band),
    "Next close 2021-03-15: 90 % between 118.58 and 124.63, expected 121.12 (+0.10 %)",
  );
  const later = take(state, "bars", { bars: [bar("2021-03-15", 122)] as never }, 7);
  assert.equal(nextBand(bands, later.candles.get("AAPL")?.at(-1)), undefined);
});

test("a gap asks for history afresh, a heartbeat does not", () => {
  assert.equal(take(initial, "bars", { gap: { from: "a", to: "b", reason: "CURSOR_EXPIRED" } }, 1).generation, 1);
  assert.equal(take(initial, "bars", { heartbeat: {} }, 1).generation, 0);
});

test("another epoch forgets what belonged to the one before", () => {
  const ack = (epoch: string) => ({ ack: { epoch, heartbeatInterval: "1s" } });
  const first = take(after(bar("2021-03-12", 121)), "bars", ack("e1"), 1);
  assert.equal(take(first, "bars", ack("e1"), 2).candles.size, 1);
  const again = take(first, "bars", ack("e2"), 2);
  assert.deepEqual([again.candles.size, again.marketTime, again.generation], [0, undefined, 1]);
  assert.equal(again.channels.bars.epoch, "e2");
});

test("the change of a day is the market's word, and the candles' for another session", () => {
  const snapshot = create(SnapshotSchema, {
    symbol: "AAPL",
    dayBar: { openTime: timestampFromDate(new Date("2021-03-12T14:30:00Z")) },
    previousClose: 110,
  });
  const one = withSnapshots(after(bar("2021-03-12", 121)), [snapshot]);
  assert.equal(dayChange(after(bar("2021-03-12", 121)), "AAPL"), undefined);
  assert.equal(dayChange(one, "AAPL"), 121 / 110 - 1);
  const next = take(one, "bars", { bars: [bar("2021-03-15", 122)] as never }, 7);
  assert.equal(dayChange(next, "AAPL"), 122 / 121 - 1);
});

test("fields of a newer server are left aside", () => {
  assert.equal(take(initial, "bars", { sequence: "3", colour: "red" }, 1).channels.bars.lastAt, 1);
});
