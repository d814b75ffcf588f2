/** Bars as a chart takes them. */
import type { Bar } from "./gen/tickmesh/market/v1/bar_pb.ts";
import { day } from "./format.ts";

export interface Candle {
  /** The session's date, `2021-03-12`. */
  readonly time: string;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
}

/** The most candles that are kept of one symbol. */
const MAX_CANDLES = 1000;

/** A bar without open time has no place on the chart. */
export function toCandle(bar: Bar): Candle | undefined {
  if (!bar.openTime) return undefined;
  const { open, high, low, close } = bar;
  return { time: day(bar.openTime), open, high, low, close };
}

/** Both in order of time, each date once; what is added replaces what was there. */
export function merged(before: readonly Candle[], added: readonly Candle[]): readonly Candle[] {
  const last = before.at(-1);
  const isAppend = added.every((candle, i) => candle.time > (added[i - 1] ?? last ?? { time: "" }).time);
  if (isAppend) return [...before, ...added].slice(-MAX_CANDLES);
  const byTime = new Map([...before, ...added].map((candle) => [candle.time, candle]));
  return [...byTime.values()].sort((a, b) => (a.time < b.time ? -1 : 1)).slice(-MAX_CANDLES);
}
