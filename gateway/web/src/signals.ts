/** The signal table: every symbol's decision with its grounds. Its symbols are buttons that choose the chart's. */
import { Action, Lean, Reason, type Signal } from "./gen/tickmesh/model/v1/forecast_pb.ts";
import { element, keyed, setAttribute, setText, slot } from "./dom.ts";
import { arrow, change, percent, price, words } from "./format.ts";
import { dayChange, type State } from "./state.ts";

const ACTION_MARK: Record<Action, string> = {
  [Action.UNSPECIFIED]: "–",
  [Action.BUY]: "▲",
  [Action.SELL]: "▼",
  [Action.HOLD]: "■",
};

const LEAN_TEXT: Record<Lean, string> = {
  [Lean.UNSPECIFIED]: "",
  [Lean.UP]: "leans up",
  [Lean.DOWN]: "leans down",
  [Lean.NONE]: "no lean",
};

/** `edge below cost · leans up`. */
export function reasonText(signal: Signal): string {
  const reasons = signal.reasons.map((reason) => words(Reason[reason] ?? "unspecified"));
  return [...reasons, LEAN_TEXT[signal.lean]].filter((text) => text !== "").join(" · ");
}

export function drawSignals(
  body: HTMLElement,
  empty: HTMLElement,
  state: State,
  choose: (symbol: string) => void,
): void {
  const signals = [...state.signals.values()].sort((a, b) => (a.symbol < b.symbol ? -1 : 1));
  empty.hidden = signals.length > 0;
  keyed(
    body,
    signals,
    (signal) => signal.symbol,
    (symbol) => createRow(symbol, choose),
    (row, signal) => {
      fillRow(row, signal, dayChange(state, signal.symbol));
      const isChosen = signal.symbol === state.symbol;
      row.classList.toggle("is-chosen", isChosen);
      setAttribute(slot(row, "choose"), "aria-pressed", String(isChosen));
    },
  );
}

function createRow(symbol: string, choose: (symbol: string) => void): HTMLElement {
  const button = element("button", "choose", symbol);
  button.type = "button";
  button.addEventListener("click", () => choose(symbol));
  const head = element("th", "cell-symbol", button);
  head.scope = "row";
  const row = element("tr", "signal", head);
  for (const name of ["cell-last", "cell-action", "cell-expected", "cell-interval", "cell-up", "cell-reasons"]) {
    row.append(element("td", name));
  }
  slot(row, "cell-last").append(
    element("span", "last"),
    " ",
    element("span", "mark last-mark"),
    element("span", "last-change"),
  );
  slot(row, "cell-action").append(
    element("span", "mark action-mark"),
    " ",
    element("span", "action"),
    " ",
    element("span", "strength"),
  );
  slot(row, "cell-expected").append(element("span", "mark expected-mark"), element("span", "expected"));
  for (const [name, label, role] of CELLS) {
    slot(row, name).dataset["label"] = label;
    slot(row, name).setAttribute("role", role);
  }
  row.setAttribute("role", "row");
  return row;
}

/** Narrow screens lay rows out as blocks; the roles keep them a table for screen readers. */
const CELLS = [
  ["cell-symbol", "Symbol", "rowheader"],
  ["cell-last", "Close", "cell"],
  ["cell-action", "Signal", "cell"],
  ["cell-expected", "Expected", "cell"],
  ["cell-interval", "Interval", "cell"],
  ["cell-up", "P(up)", "cell"],
  ["cell-reasons", "Why", "cell"],
] as const;

function fillRow(row: HTMLElement, signal: Signal, moved: number | undefined): void {
  setText(slot(row, "last"), price(signal.lastPrice));
  setText(slot(row, "last-change"), moved === undefined ? "" : change(moved, 2));
  mark(slot(row, "last-mark"), moved);
  setText(slot(row, "action"), words(Action[signal.action] ?? "").toUpperCase());
  setText(slot(row, "strength"), isTrade(signal.action) ? (signal.strength ?? 0).toFixed(2) : "");
  setText(slot(row, "action-mark"), ACTION_MARK[signal.action]);
  setAttribute(slot(row, "action-mark"), "data-direction", direction(signal.action));
  setText(slot(row, "expected"), signal.expectedReturn === undefined ? "none" : change(signal.expectedReturn, 2));
  mark(slot(row, "expected-mark"), signal.expectedReturn);
  const { interval, upProbability } = signal;
  setText(
    slot(row, "cell-interval"),
    interval ? `${change(interval.lower, 1)} … ${change(interval.upper, 1)}` : "none",
  );
  setText(slot(row, "cell-up"), upProbability === undefined ? "none" : percent(upProbability, 0));
  setText(slot(row, "cell-reasons"), reasonText(signal));
}

/** A strength beside HOLD would read as if something were done. */
function isTrade(action: Action): boolean {
  return action === Action.BUY || action === Action.SELL;
}

function direction(action: Action): string {
  if (action === Action.BUY) return "up";
  return action === Action.SELL ? "down" : "none";
}

/** An arrow with its colour. */
export function mark(target: Element, value: number | undefined): void {
  const sign = value === undefined ? "" : arrow(value);
  setText(target, sign);
  setAttribute(target, "data-direction", sign === "▲" ? "up" : sign === "▼" ? "down" : "none");
}
