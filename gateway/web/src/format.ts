/** Numbers, dates and names as they stand on the page. */
import type { Timestamp } from "@bufbuild/protobuf/wkt";

const MINUS = "−";

/** Milliseconds since the epoch. */
export function millis(time: Timestamp): number {
  return Number(time.seconds) * 1000 + time.nanos / 1e6;
}

/** The UTC date of a moment, `2021-03-12`. A US session's open and close both lie on its own UTC date. */
export function day(time: Timestamp): string {
  return new Date(millis(time)).toISOString().slice(0, 10);
}

/** A number with a fixed count of digits and a true minus sign. */
export function fixed(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? MINUS + text : text;
}

/** A price with the digits that its size asks for. */
export function price(value: number): string {
  return fixed(value, Math.abs(value) >= 1 ? 2 : 5);
}

/** A fraction in percent: 0.0123 → `1.23 %`. */
export function percent(fraction: number, digits: number): string {
  return `${fixed(fraction * 100, digits)} %`;
}

/** A change in percent, always with its sign: `+1.23 %`, `−0.40 %`. */
export function change(fraction: number, digits: number): string {
  const text = percent(fraction, digits);
  const isZero = Number((Math.abs(fraction) * 100).toFixed(digits)) === 0;
  return fraction > 0 && !isZero ? `+${text}` : text;
}

/** Below half of this a change reads 0.00 %. */
const SMALLEST_CHANGE = 1e-4;

/** The arrow beside a change, so that its direction is not told by colour alone; none where the figure reads zero. */
export function arrow(fraction: number): "▲" | "▼" | "–" {
  if (Math.abs(fraction) < SMALLEST_CHANGE / 2) return "–";
  return fraction > 0 ? "▲" : "▼";
}

/** `REASON_EDGE_BELOW_COST` less its prefix → `edge below cost`. */
export function words(upperSnake: string): string {
  return upperSnake.toLowerCase().replaceAll("_", " ");
}

/** A duration in whole seconds, or in tenths below ten. */
export function seconds(ms: number): string {
  const value = ms / 1000;
  return `${value < 10 ? value.toFixed(1) : Math.round(value).toString()} s`;
}
