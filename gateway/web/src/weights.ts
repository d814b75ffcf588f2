/** The live allocation: each weight beside the share of risk that it brings. */
import {
  type Allocation,
  type AssetWeight,
  Objective,
  SolveStatus,
} from "./gen/tickmesh/portfolio/v1/allocation_pb.ts";
import { element, keyed, setText, slot } from "./dom.ts";
import { day, percent, fixed, words } from "./format.ts";

export function drawWeights(list: HTMLElement, summary: HTMLElement, allocation: Allocation | undefined): void {
  const weights = allocation?.weights ?? [];
  const largest = Math.max(
    0.01,
    ...weights.flatMap(({ weight = 0, riskContribution = 0 }) => [Math.abs(weight), Math.abs(riskContribution)]),
  );
  keyed(
    list,
    weights,
    (weight) => weight.symbol,
    createRow,
    (row, weight) => fillRow(row, weight, largest),
  );
  setText(summary, allocation ? summaryText(allocation) : "Waiting for the first allocation");
}

/** What was sought, what it promises, and how it ended when not solved. */
export function summaryText(allocation: Allocation): string {
  const { objective, status, clashingConstraints, note, asOf, volatility, expectedReturn, sharpe, turnover, cost } =
    allocation;
  const outcome = status === SolveStatus.SOLVED ? "" : outcomeText(status);
  const clash = clashingConstraints.length > 0 ? `clashing: ${clashingConstraints.join(", ")}` : "";
  const texts = [
    words(Objective[objective] ?? ""),
    asOf ? `as of ${day(asOf)}` : "",
    outcome,
    clash,
    volatility === undefined ? "" : `volatility ${percent(volatility, 1)} a year`,
    expectedReturn === undefined ? "" : `past return ${percent(expectedReturn, 1)} a year`,
    sharpe === undefined ? "" : `Sharpe ${fixed(sharpe, 2)}`,
    turnover === undefined ? "" : `turnover ${percent(turnover, 1)}`,
    cost === undefined ? "" : `cost ${percent(cost, 3)}`,
    note,
  ];
  return texts.filter((text) => text !== "").join(" · ");
}

/** Without a status nothing was solved at all, and the note says why. */
function outcomeText(status: SolveStatus): string {
  return status === SolveStatus.UNSPECIFIED ? "no weights" : words(SolveStatus[status] ?? "unknown");
}

function createRow(symbol: string): HTMLElement {
  return element(
    "li",
    "weight",
    element("span", "weight-symbol", symbol),
    element("span", "weight-bars", element("span", "bar bar-weight"), element("span", "bar bar-risk")),
    element("span", "weight-value"),
    element("span", "risk-value"),
  );
}

function fillRow(row: HTMLElement, { weight = 0, riskContribution = 0 }: AssetWeight, largest: number): void {
  setText(slot(row, "weight-value"), percent(weight, 1));
  setText(slot(row, "risk-value"), percent(riskContribution, 1));
  slot(row, "bar-weight").style.width = `${(100 * Math.abs(weight)) / largest}%`;
  slot(row, "bar-risk").style.width = `${(100 * Math.abs(riskContribution)) / largest}%`;
}
