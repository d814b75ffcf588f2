import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Backoff } from "../src/backoff.ts";
import { type Channel, CHANNELS, type Link, LiveSocket } from "../src/socket.ts";

/** A server's side that is written by hand. */
class Fake {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { reason: string }) => void) | null = null;
  readonly sent: string[] = [];
  isClosed = false;

  send(text: string): void {
    this.sent.push(text);
  }

  close(): void {
    this.isClosed = true;
  }

  say(channel: Channel, body: object): void {
    this.onmessage?.({ data: JSON.stringify({ channel, ...body }) });
  }
}

function scene() {
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"], now: 0 });
  const fakes: Fake[] = [];
  const links: Link[] = [];
  const connect = (): WebSocket => {
    fakes.push(new Fake());
    return fakes.at(-1) as unknown as WebSocket;
  };
  const listener = { onLink: (link: Link) => links.push(link), onData: () => {}, onRefusal: () => {} };
  const socket = new LiveSocket({ connect, now: Date.now, random: () => 0.5 }, listener);
  socket.open();
  fakes[0]?.onopen?.();
  return { socket, fakes, links, first: fakes[0] as Fake, kinds: () => links.map((link) => link.kind) };
}

test("it subscribes to every channel with a heartbeat of a second", (context) => {
  context.after(() => mock.timers.reset());
  const { first } = scene();
  const asked = JSON.parse(first.sent[0] ?? "{}");
  assert.deepEqual(asked.channels, [...CHANNELS]);
  assert.equal(asked.heartbeat_interval, "1s");
});

test("after a loss it goes on from each channel's cursor", (context) => {
  context.after(() => mock.timers.reset());
  const { first, fakes, kinds } = scene();
  first.say("bars", { data: { cursor: "b7" } });
  first.say("signals", { data: { endOfStream: { cursor: "s3" } } });
  first.onclose?.({ reason: "DRAINING" });
  assert.deepEqual(kinds(), ["connecting", "live", "lost"]);
  mock.timers.tick(250);
  fakes[1]?.onopen?.();
  assert.deepEqual(JSON.parse(fakes[1]?.sent[0] ?? "{}").resume_after, { bars: "b7", signals: "s3" });
});

test("2.5 silent intervals are a loss", (context) => {
  context.after(() => mock.timers.reset());
  const { first, kinds } = scene();
  first.say("bars", { data: {} });
  mock.timers.tick(2500);
  assert.equal(kinds().at(-1), "live");
  mock.timers.tick(500);
  assert.equal(kinds().at(-1), "lost");
  assert.ok(first.isClosed);
});

test("it connects again until a message comes", (context) => {
  context.after(() => mock.timers.reset());
  const { first, fakes, links } = scene();
  first.say("bars", { data: {} });
  first.onclose?.({ reason: "" });
  mock.timers.tick(250);
  fakes[1]?.onopen?.();
  mock.timers.tick(3000);
  mock.timers.tick(1000);
  const connecting = links.filter((link) => link.kind === "connecting").map((link) => link.isAgain);
  assert.deepEqual(connecting, [false, true, true], "the second one is silent and lost too");
  fakes.at(-1)?.say("bars", { data: {} });
  assert.equal(links.at(-1)?.kind, "live");
});

test("channels whose parts are away may be silent for longer", (context) => {
  context.after(() => mock.timers.reset());
  const { first, kinds } = scene();
  for (const channel of CHANNELS) first.say(channel, { error: { code: 14, message: "away" } });
  mock.timers.tick(10_000);
  assert.equal(kinds().includes("lost"), false);
  mock.timers.tick(6000);
  assert.equal(kinds().includes("lost"), true);
});

test("a refused channel is asked for again without its cursor, and the others as before", (context) => {
  context.after(() => mock.timers.reset());
  const { first, fakes, kinds } = scene();
  first.say("bars", { data: { cursor: "b7" } });
  first.say("signals", { data: { cursor: "s7" } });
  first.onclose?.({ reason: "" });
  mock.timers.tick(250);
  const second = fakes[1] as Fake;
  second.onopen?.();
  second.say("signals", { data: { cursor: "s8" } });
  second.say("bars", { error: { code: 11, message: "too old" } });
  mock.timers.tick(750);
  assert.equal(kinds().at(-1), "live");
  assert.deepEqual(
    second.sent.map((text) => JSON.parse(text).resume_after),
    [{ bars: "b7", signals: "s7" }, { signals: "s7" }],
  );
});

test("it is closed while paused and stays so", (context) => {
  context.after(() => mock.timers.reset());
  const { socket, first, fakes, kinds } = scene();
  socket.pause();
  mock.timers.tick(60_000);
  assert.deepEqual([first.isClosed, fakes.length, kinds().at(-1)], [true, 1, "paused"]);
  socket.open();
  assert.equal(fakes.length, 2);
});

test("waits double up to the cap, begin again after a success, and are never longer than their bound", () => {
  const longest = new Backoff(500, 8000, () => 1);
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6].map(() => longest.next()),
    [500, 1000, 2000, 4000, 8000, 8000],
  );
  longest.reset();
  assert.equal(longest.next(), 500);
});
