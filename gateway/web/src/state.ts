/** All that the page knows, and how each message changes it. Pure: no clock, no document, no network. */
import type { Bar } from "./gen/tickmesh/market/v1/bar_pb.ts";
import type { Instrument } from "./gen/tickmesh/market/v1/instrument_pb.ts";
import type { Feed, StreamBarsResponse } from "./gen/tickmesh/market/v1/market_service_pb.ts";
import type { Snapshot } from "./gen/tickmesh/market/v1/snapshot_pb.ts";
import type { Signal } from "./gen/tickmesh/model/v1/forecast_pb.ts";
import type { StreamSignalsResponse } from "./gen/tickmesh/model/v1/forecast_service_pb.ts";
import type { GetLiveScoreResponse } from "./gen/tickmesh/model/v1/monitoring_service_pb.ts";
import type { Allocation } from "./gen/tickmesh/portfolio/v1/allocation_pb.ts";
import type { StreamAllocationsResponse } from "./gen/tickmesh/portfolio/v1/optimizer_service_pb.ts";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { FeedState } from "./gen/tickmesh/type/v1/stream_pb.ts";
import { type Candle, merged, toCandle } from "./candles.ts";
import { day } from "./format.ts";
import type { Health } from "./health.ts";
import { type Band, toBand } from "./interval.ts";
import type { Channel, Link, Refusal } from "./socket.ts";

/** What is known of one channel. */
export interface ChannelState {
  /** When the newest message came, in the browser's milliseconds; absent before the first. */
  readonly lastAt?: number;
  /** The longest silence that the stream promises. */
  readonly heartbeatMs: number;
  /** Why the channel rests. */
  readonly refusal?: Refusal;
  /** Identity of the log behind it. */
  readonly epoch?: string;
}

/** The close of the session before `session`. */
interface Before {
  readonly session: string;
  readonly close: number;
}

export interface State {
  readonly link: Link;
  readonly channels: Readonly<Record<Channel, ChannelState>>;
  readonly health: Health | undefined;
  readonly feed: Feed | undefined;
  /** The newest moment that the market has reached. */
  readonly marketTime: Timestamp | undefined;
  readonly instruments: ReadonlyMap<string, Instrument>;
  readonly symbol: string | undefined;
  /** Each symbol's candles, oldest first: live ones, and history for the symbols that were looked at. */
  readonly candles: ReadonlyMap<string, readonly Candle[]>;
  readonly signals: ReadonlyMap<string, Signal>;
  /** Each symbol's intervals, oldest first. */
  readonly bands: ReadonlyMap<string, readonly Band[]>;
  /** The close before each symbol's newest session, as the market said when it was asked. */
  readonly before: ReadonlyMap<string, Before>;
  readonly allocation: Allocation | undefined;
  readonly score: GetLiveScoreResponse | undefined;
  /** Counts the times that history must be asked for afresh: a new epoch or a gap. */
  readonly generation: number;
}

const quiet: ChannelState = { heartbeatMs: 1000 };

export const initial: State = {
  link: { kind: "connecting", isAgain: false },
  channels: { bars: quiet, signals: quiet, allocations: quiet },
  health: undefined,
  feed: undefined,
  marketTime: undefined,
  instruments: new Map(),
  symbol: undefined,
  candles: new Map(),
  signals: new Map(),
  bands: new Map(),
  before: new Map(),
  allocation: undefined,
  score: undefined,
  generation: 0,
};

/** A message of any live stream. */
export type Message = StreamBarsResponse | StreamSignalsResponse | StreamAllocationsResponse;

/** Takes what every stream's messages have in common: that one came, its terms, its losses. */
export function heard(state: State, channel: Channel, message: Message, now: number): State {
  const before = state.channels[channel];
  const { refusal: _, ...kept } = before;
  let next: ChannelState = { ...kept, lastAt: now };
  let { generation, marketTime, feed } = state;
  switch (message.control.case) {
    case "ack": {
      const { epoch, heartbeatInterval } = message.control.value;
      const isNew = before.epoch !== undefined && before.epoch !== epoch;
      if (isNew && channel === "bars") return heard(forgetful(state), channel, message, now);
      const heartbeatMs = heartbeatInterval ? Number(heartbeatInterval.seconds) * 1000 : next.heartbeatMs;
      next = { ...next, epoch, heartbeatMs };
      break;
    }
    case "gap":
      generation += 1;
      break;
    case "heartbeat": {
      const beat = message.control.value;
      marketTime = later(marketTime, beat.marketTime);
      if (feed && channel === "bars" && feed.state !== beat.feedState) feed = { ...feed, state: beat.feedState };
      break;
    }
  }
  return { ...state, generation, marketTime, feed, channels: { ...state.channels, [channel]: next } };
}

/** A new epoch: nothing that was shown belongs to it. */
function forgetful(state: State): State {
  const { channels, health, link, instruments, symbol, generation } = state;
  const bars = { heartbeatMs: channels.bars.heartbeatMs };
  return { ...initial, health, link, instruments, symbol, generation: generation + 1, channels: { ...channels, bars } };
}

export function refused(state: State, channel: Channel, refusal: Refusal): State {
  return { ...state, channels: { ...state.channels, [channel]: { ...state.channels[channel], refusal } } };
}

export function withBars(state: State, bars: readonly Bar[]): State {
  if (bars.length === 0) return state;
  const candles = new Map(state.candles);
  let { marketTime } = state;
  for (const bar of bars) {
    const candle = toCandle(bar);
    if (candle) candles.set(bar.symbol, merged(candles.get(bar.symbol) ?? [], [candle]));
    marketTime = later(marketTime, bar.closeTime);
  }
  const isNewSession = bars.some((bar) => !bar.isSnapshot) && isLater(marketTime, state.marketTime);
  const feed = isNewSession ? withSession(state.feed) : state.feed;
  return { ...state, candles, marketTime, feed, symbol: state.symbol ?? first(candles.keys()) };
}

/** A live bar of a new session: the feed goes on, one session further. The next answer about the feed confirms it. */
function withSession(feed: Feed | undefined): Feed | undefined {
  if (!feed) return undefined;
  const sessionsDone = Math.min(feed.sessionsDone + 1, feed.sessionsTotal);
  const state = feed.state === FeedState.WAITING ? FeedState.LIVE : feed.state;
  return { ...feed, state, sessionsDone };
}

export function withSignals(state: State, arrived: readonly Signal[]): State {
  if (arrived.length === 0) return state;
  const signals = new Map(state.signals);
  let bands = state.bands;
  for (const signal of arrived) {
    signals.set(signal.symbol, signal);
    bands = withBands(
      bands,
      signal.symbol,
      [toBand(signal)].filter((band) => band !== undefined),
    );
  }
  return { ...state, signals, bands };
}

/** The newest intervals that a chart shows of one symbol. */
const MAX_BANDS = 300;

/** Adds intervals; one for the same day replaces the one before. */
export function withBands(all: State["bands"], symbol: string, added: readonly Band[]): State["bands"] {
  const byDay = new Map([...(all.get(symbol) ?? []), ...added].map((band) => [band.target, band]));
  const bands = [...byDay.values()].sort((a, b) => (a.target < b.target ? -1 : 1)).slice(-MAX_BANDS);
  return new Map(all).set(symbol, bands);
}

export function withAllocations(state: State, allocations: readonly Allocation[]): State {
  const newest = allocations.at(-1);
  return newest ? { ...state, allocation: newest } : state;
}

export function withFeed(state: State, feed: Feed | undefined): State {
  return feed ? { ...state, feed, marketTime: later(state.marketTime, feed.marketTime) } : state;
}

export function withInstruments(state: State, list: readonly Instrument[]): State {
  const instruments = new Map(list.map((instrument) => [instrument.symbol, instrument]));
  const symbol = state.symbol ?? first([...instruments.keys()].sort());
  return { ...state, instruments, symbol };
}

export function withSnapshots(state: State, snapshots: readonly Snapshot[]): State {
  const before = new Map<string, Before>();
  for (const { symbol, dayBar, previousClose } of snapshots) {
    if (dayBar?.openTime && previousClose !== undefined) {
      before.set(symbol, { session: day(dayBar.openTime), close: previousClose });
    }
  }
  return { ...state, before };
}

/** The newest close against that of the session before: the market's word for it, or else the candle before. */
export function dayChange({ candles, before }: State, symbol: string): number | undefined {
  const known = candles.get(symbol) ?? [];
  const [last, told] = [known.at(-1), before.get(symbol)];
  const previous = told && told.session === last?.time ? told.close : known.at(-2)?.close;
  return last && previous !== undefined ? last.close / previous - 1 : undefined;
}

/** The session of the newest bar, for headings. */
export function marketDay(state: State): string | undefined {
  return state.marketTime && day(state.marketTime);
}

function first(symbols: Iterable<string>): string | undefined {
  for (const symbol of symbols) return symbol;
  return undefined;
}

function isLater(a: Timestamp | undefined, b: Timestamp | undefined): boolean {
  return a !== undefined && b !== undefined && a.seconds > b.seconds;
}

function later(a: Timestamp | undefined, b: Timestamp | undefined): Timestamp | undefined {
  if (!a || !b) return a ?? b;
  return b.seconds > a.seconds ? b : a;
}
