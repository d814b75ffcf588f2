/** Prediction intervals in prices. */
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import type { Candle } from "./candles.ts";
import { day, price, change, percent } from "./format.ts";

/** An interval of one session's close, made at the close before. */
export interface Band {
  /** The date of the last bar used. */
  readonly from: string;
  /** The date whose close is forecast. */
  readonly target: string;
  readonly lastPrice: number;
  readonly lower: number;
  readonly upper: number;
  /** The expected close; absent where only the interval is known. */
  readonly expected?: number;
  readonly expectedReturn?: number;
  /** Nominal coverage, for example 0.9. */
  readonly coverage: number;
}

/** What signals and forecasts have in common. */
interface Predicted {
  asOf?: Timestamp | undefined;
  targetTime?: Timestamp | undefined;
  lastPrice: number;
  expectedReturn?: number | undefined;
  interval?: { lower: number; upper: number; coverage: number } | undefined;
}

/** Returns become prices: last price × (1 + return). */
export function toBand(signal: Predicted): Band | undefined {
  const { asOf, targetTime, lastPrice, interval, expectedReturn } = signal;
  if (!asOf || !targetTime || !interval) return undefined;
  const at = (fraction: number): number => lastPrice * (1 + fraction);
  return {
    from: day(asOf),
    target: day(targetTime),
    lastPrice,
    lower: at(interval.lower),
    upper: at(interval.upper),
    coverage: interval.coverage,
    ...(expectedReturn === undefined ? {} : { expected: at(expectedReturn), expectedReturn }),
  };
}

/** The interval in words. */
export function intervalText(band: Band): string {
  const { target, lower, upper, coverage, expected, expectedReturn } = band;
  const range = `${percent(coverage, 0)} between ${price(lower)} and ${price(upper)}`;
  if (expected === undefined || expectedReturn === undefined) return `Next close ${target}: ${range}`;
  return `Next close ${target}: ${range}, expected ${price(expected)} (${change(expectedReturn, 2)})`;
}

/** The band that reaches past the last candle. */
export function nextBand(bands: readonly Band[], last: Candle | undefined): Band | undefined {
  const newest = bands.at(-1);
  return newest && last && newest.target > last.time ? newest : undefined;
}
