/** The live score: the model's squared error against persistence's, with its error, over forecasts whose outcome is known. */
import type { GetLiveScoreResponse, LiveScore } from "./gen/tickmesh/model/v1/monitoring_service_pb.ts";
import { element, keyed, setText, slot } from "./dom.ts";
import { percent } from "./format.ts";

/** With fewer outcomes than this a ratio says next to nothing. */
export const FEW = 30n;

/** The ratio of mean squared errors; `undefined` without outcomes. */
export function ratio({ mse, msePersistence }: LiveScore): number | undefined {
  return mse !== undefined && msePersistence !== undefined && msePersistence > 0 ? mse / msePersistence : undefined;
}

/** `model 0.998 × persistence (n = 41, ± 0.012)`. */
export function scoreText(score: LiveScore): string {
  const value = ratio(score);
  if (value === undefined) return `no outcome yet (n = ${score.forecasts})`;
  const error = score.mseRatioError === undefined ? "" : `, ± ${score.mseRatioError.toFixed(3)}`;
  return `model ${value.toFixed(3)} × persistence (n = ${score.forecasts}${error})`;
}

/** `coverage 91.2 %, nominal 90 %`. */
export function coverageText({ coverage, nominalCoverage }: LiveScore): string {
  if (coverage === undefined) return "";
  return `coverage ${percent(coverage, 1)}, nominal ${percent(nominalCoverage, 0)}`;
}

/** The total first, then each symbol; versions are named where a symbol has several. */
export function rowsOf(score: GetLiveScoreResponse | undefined): readonly { name: string; score: LiveScore }[] {
  if (!score) return [];
  const count = new Map<string, number>();
  for (const { symbol } of score.scores) count.set(symbol, (count.get(symbol) ?? 0) + 1);
  const name = ({ symbol, modelVersion }: LiveScore): string =>
    (count.get(symbol) ?? 0) > 1 ? `${symbol} v${modelVersion.split("/").at(-1) ?? ""}` : symbol;
  const total = score.total ? [{ name: "All", score: score.total }] : [];
  return [...total, ...score.scores.map((each) => ({ name: name(each), score: each }))];
}

/** What the plot spans around 1: the widest ratio and error of all rows, at least ± 2 %. */
export function span(scores: readonly LiveScore[]): number {
  const reach = scores.map((score) => Math.abs((ratio(score) ?? 1) - 1) + (score.mseRatioError ?? 0));
  return Math.min(1, Math.max(0.02, ...reach) * 1.08);
}

export function drawScore(list: HTMLElement, empty: HTMLElement, score: GetLiveScoreResponse | undefined): void {
  const rows = rowsOf(score);
  const reach = span(rows.map((row) => row.score));
  empty.hidden = rows.length > 0;
  keyed(
    list,
    rows,
    (row) => row.name,
    createRow,
    (row, each) => fillRow(row, each.score, reach),
  );
}

function createRow(name: string): HTMLElement {
  const plot = element("span", "plot", element("span", "plot-error"), element("span", "plot-dot"));
  plot.setAttribute("aria-hidden", "true");
  const texts = element("span", "score-texts", element("span", "score-text"), element("span", "score-coverage"));
  return element("li", "score-row", element("span", "score-name", name), texts, plot);
}

function fillRow(row: HTMLElement, score: LiveScore, reach: number): void {
  setText(slot(row, "score-text"), scoreText(score));
  const few = score.forecasts > 0n && score.forecasts < FEW ? ` · too few (n < ${FEW})` : "";
  setText(slot(row, "score-coverage"), coverageText(score) + few);
  row.classList.toggle("is-few", score.forecasts < FEW);
  const value = ratio(score);
  slot(row, "plot").classList.toggle("is-empty", value === undefined);
  if (value !== undefined) place(row, value, score.mseRatioError ?? 0, reach);
}

/** The dot and its error bar, on an axis from 1 − reach to 1 + reach. */
function place(row: HTMLElement, value: number, error: number, reach: number): void {
  const at = (x: number): number => Math.min(100, Math.max(0, 50 + (50 * (x - 1)) / reach));
  const bar = slot(row, "plot-error");
  bar.style.left = `${at(value - error)}%`;
  bar.style.width = `${at(value + error) - at(value - error)}%`;
  slot(row, "plot-dot").style.left = `${at(value)}%`;
}
