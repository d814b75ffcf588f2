/** The symbol picker and the figures of the chosen symbol in words. */
import { setAttribute, setText } from "./dom.ts";
import { change, price } from "./format.ts";
import { intervalText, nextBand } from "./interval.ts";
import { mark } from "./signals.ts";
import { dayChange, type State } from "./state.ts";

/** Options are rebuilt only when the list of symbols changes, so that an open list stays open. */
export function drawPicker(select: HTMLSelectElement, state: State): void {
  const symbols = [...new Set([...state.instruments.keys(), ...state.candles.keys()])].sort();
  if (symbols.join() !== select.dataset["symbols"]) {
    select.replaceChildren(...symbols.map((symbol) => new Option(label(symbol, state), symbol)));
    select.dataset["symbols"] = symbols.join();
  }
  for (const option of select.options) setText(option, label(option.value, state));
  if (state.symbol && select.value !== state.symbol) select.value = state.symbol;
  select.disabled = symbols.length === 0;
}

function label(symbol: string, { instruments }: State): string {
  const name = instruments.get(symbol)?.name;
  return name && name !== symbol ? `${symbol} · ${name}` : symbol;
}

export interface Heading {
  readonly last: HTMLElement;
  readonly mark: HTMLElement;
  readonly change: HTMLElement;
  readonly interval: HTMLElement;
  readonly chart: HTMLElement;
}

export function drawHeading(heading: Heading, state: State): void {
  const last = candlesOf(state).at(-1);
  setText(heading.last, last ? price(last.close) : "");
  const moved = state.symbol ? dayChange(state, state.symbol) : undefined;
  mark(heading.mark, moved);
  setText(heading.change, moved === undefined ? "" : change(moved, 2));
  const band = nextBand(state.symbol ? (state.bands.get(state.symbol) ?? []) : [], last);
  setText(heading.interval, band ? intervalText(band) : "No interval for the next bar yet");
  const what = last ? `${state.symbol} daily candles to ${last.time}, close ${price(last.close)}` : "No candles yet";
  setAttribute(heading.chart, "aria-label", what);
}

export function candlesOf(state: State): NonNullable<ReturnType<State["candles"]["get"]>> {
  return (state.symbol && state.candles.get(state.symbol)) || [];
}
