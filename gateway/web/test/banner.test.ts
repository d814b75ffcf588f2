import assert from "node:assert/strict";
import { test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { announcement, bannerText, progressText } from "../src/banner.ts";
import { Feed_Kind, FeedSchema } from "../src/gen/tickmesh/market/v1/market_service_pb.ts";
import { ForecastQuality, SignalSchema } from "../src/gen/tickmesh/model/v1/forecast_pb.ts";
import { FeedState } from "../src/gen/tickmesh/type/v1/stream_pb.ts";
import { initial, type State, withFeed, withSignals } from "../src/state.ts";

const marketTime = timestampFromDate(new Date("2021-03-12T21:00:00Z"));

function replaying(state: FeedState, speed: number, ...qualities: ForecastQuality[]): State {
  const feed = create(FeedSchema, { kind: Feed_Kind.REPLAY, state, speed, marketTime });
  const signals = qualities.map((quality, i) => create(SignalSchema, { symbol: `S${i}`, quality }));
  return withSignals(withFeed(initial, feed), signals);
}

test("a replay says its date, its speed and that it counts", () => {
  assert.equal(
    bannerText(replaying(FeedState.LIVE, 1, ForecastQuality.GOOD)),
    "REPLAY 2021-03-12 · 1 day/s · out of sample",
  );
  assert.equal(
    bannerText(replaying(FeedState.LIVE, 5, ForecastQuality.GOOD)),
    "REPLAY 2021-03-12 · 5 days/s · out of sample",
  );
});

test("out of sample is said only of forecasts that are", () => {
  const { GOOD, IN_SAMPLE, UNAVAILABLE } = ForecastQuality;
  assert.match(bannerText(replaying(FeedState.LIVE, 1)), /no forecasts yet$/);
  assert.match(bannerText(replaying(FeedState.LIVE, 1, UNAVAILABLE)), /no forecasts yet$/);
  assert.match(bannerText(replaying(FeedState.LIVE, 1, GOOD, IN_SAMPLE)), /1 of 2 in sample$/);
  assert.match(bannerText(replaying(FeedState.LIVE, 1, IN_SAMPLE)), / in sample$/);
});

test("an ended replay says its date and what to do next", () => {
  const state = replaying(FeedState.ENDED, 1, ForecastQuality.GOOD);
  assert.equal(bannerText(state), "REPLAY ENDED 2021-03-12 · out of sample");
  const feed = create(FeedSchema, { sessionsDone: 684, sessionsTotal: 684, note: "start again with --replay-again" });
  assert.equal(progressText(feed), "session 684 of 684 · start again with --replay-again");
});

test("what is read out does not change with the date", () => {
  assert.equal(announcement(replaying(FeedState.LIVE, 1, ForecastQuality.GOOD)), "replay is live");
  assert.match(announcement(replaying(FeedState.ENDED, 1)), /^REPLAY ENDED 2021-03-12/);
});

test("before the first answer nothing is claimed", () => {
  assert.equal(bannerText(initial), "Waiting for the market");
  assert.equal(bannerText(replaying(FeedState.WAITING, 1)), "REPLAY 2021-03-12 · waiting to begin");
});
