import assert from "node:assert/strict";
import { test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { FeedSchema, StreamBarsResponseSchema } from "../src/gen/tickmesh/market/v1/market_service_pb.ts";
import { FeedState } from "../src/gen/tickmesh/type/v1/stream_pb.ts";
import { judge } from "../src/notice.ts";
import { CHANNELS } from "../src/socket.ts";
import { heard, initial, refused, type State } from "../src/state.ts";

const NOW = 1_000_000;
const message = create(StreamBarsResponseSchema);

function live(at = NOW): State {
  const state: State = { ...initial, link: { kind: "live" } };
  return CHANNELS.reduce((before, channel) => heard(before, channel, message, at), state);
}

test("a stream that is a second late is stale, and says so once", () => {
  assert.equal(judge(live(), NOW + 1900).short, "live");
  const late = judge(live(), NOW + 2100);
  assert.equal(late.level, "bad");
  assert.equal(late.short, "stale 2.1 s");
  assert.equal(late.alert, judge(live(), NOW + 2400).alert);
});

test("one late stream is named", () => {
  const state = heard(heard(live(), "bars", message, NOW + 3000), "allocations", message, NOW + 3000);
  assert.match(judge(state, NOW + 3000).alert, /^Stale: no word of signals /);
});

test("a lost connection says when it tries again", () => {
  const lost = judge({ ...live(), link: { kind: "lost", why: "closed", retryAt: NOW + 1500 } }, NOW);
  assert.deepEqual([lost.level, lost.short], ["bad", "lost · again in 1.5 s"]);
  assert.match(lost.alert, /What is shown is old/);
});

test("while it connects again what is shown is called old, while it connects at first it is not", () => {
  const connecting = (isAgain: boolean): State => ({ ...live(), link: { kind: "connecting", isAgain } });
  assert.match(judge(connecting(true), NOW).alert, /What is shown is old/);
  assert.deepEqual(judge(connecting(false), NOW), { level: "wait", short: "connecting", alert: "" });
});

test("a refused channel is interrupted until its next message", () => {
  const state = refused(live(), "signals", { code: 14, message: "model cannot be reached" });
  assert.match(judge(state, NOW).alert, /No signals for now \(model cannot be reached\)/);
  assert.equal(judge(heard(state, "signals", message, NOW), NOW).level, "ok");
});

test("a mesh that still starts is not called interrupted", () => {
  const health = { isReachable: true, isReady: false, parts: {}, latches: [] };
  const state = { ...refused(live(), "signals", { code: 14, message: "not ready" }), health };
  assert.deepEqual(judge(state, NOW), { level: "wait", short: "starting", alert: "" });
});

test("an ended feed is not stale, a silent one is", () => {
  const feed = (state: FeedState): State => ({ ...live(), feed: create(FeedSchema, { state }) });
  assert.equal(judge(feed(FeedState.ENDED), NOW).level, "ok");
  assert.equal(judge(feed(FeedState.SILENT), NOW).level, "bad");
});

test("a heartbeat moves the market clock and the feed's state", () => {
  const marketTime = timestampFromDate(new Date("2023-12-29T21:00:00Z"));
  const value = { lag: 0n, feedState: FeedState.ENDED, marketTime };
  const beat = create(StreamBarsResponseSchema, { control: { case: "heartbeat", value } });
  const state = heard({ ...live(), feed: create(FeedSchema) }, "bars", beat, NOW);
  assert.equal(state.feed?.state, FeedState.ENDED);
  assert.deepEqual(state.marketTime, marketTime);
});
