/** Draws prediction intervals on the chart: past ones as faint whiskers behind the candles, the next one ahead as a fan. */
import type {
  IPrimitivePaneRenderer,
  IPrimitivePaneView,
  ISeriesApi,
  ISeriesPrimitive,
  SeriesAttachedParameter,
  SeriesType,
  Time,
} from "lightweight-charts";
import type { Band } from "./interval.ts";
import type { Theme } from "./theme.ts";

type Target = Parameters<IPrimitivePaneRenderer["draw"]>[0];

/** A band in pixels. */
interface Drawn {
  readonly x: number;
  readonly fromX: number | null;
  readonly fromY: number | null;
  readonly lower: number;
  readonly upper: number;
  readonly expected: number | null;
}

export class Bands implements ISeriesPrimitive<Time> {
  #past: readonly Band[] = [];
  #next: Band | undefined;
  #theme: Theme | undefined;
  #attached: SeriesAttachedParameter<Time> | undefined;
  readonly #views: readonly IPrimitivePaneView[] = [
    { zOrder: () => "bottom", renderer: () => ({ draw: (target: Target) => this.#draw(target) }) },
  ];

  attached(parameter: SeriesAttachedParameter<Time>): void {
    this.#attached = parameter;
  }

  detached(): void {
    this.#attached = undefined;
  }

  paneViews(): readonly IPrimitivePaneView[] {
    return this.#views;
  }

  show(past: readonly Band[], next: Band | undefined, theme: Theme): void {
    [this.#past, this.#next, this.#theme] = [past, next, theme];
    this.#attached?.requestUpdate();
  }

  /** The next interval is always inside the price scale. */
  autoscaleInfo(): { priceRange: { minValue: number; maxValue: number } } | null {
    return this.#next ? { priceRange: { minValue: this.#next.lower, maxValue: this.#next.upper } } : null;
  }

  #draw(target: Target): void {
    const theme = this.#theme;
    if (!theme) return;
    target.useMediaCoordinateSpace(({ context }) => {
      for (const band of this.#past) this.#drawPast(context, band, theme);
      if (this.#next) this.#drawNext(context, this.#next, theme);
    });
  }

  #drawPast(context: CanvasRenderingContext2D, band: Band, theme: Theme): void {
    const drawn = this.#place(band);
    if (!drawn) return;
    context.globalAlpha = 0.28;
    whisker(context, drawn, Math.min(3, this.#spacing() / 3), theme.muted, 1);
    context.globalAlpha = 1;
  }

  #drawNext(context: CanvasRenderingContext2D, band: Band, theme: Theme): void {
    const drawn = this.#place(band);
    if (!drawn) return;
    if (drawn.fromX !== null && drawn.fromY !== null) fan(context, drawn, drawn.fromX, drawn.fromY, theme.ink);
    whisker(context, drawn, 5, theme.ink, 1.5);
    if (drawn.expected === null) return;
    context.fillStyle = theme.ink;
    context.beginPath();
    context.arc(drawn.x, drawn.expected, 2.5, 0, 2 * Math.PI);
    context.fill();
  }

  #spacing(): number {
    return this.#attached?.chart.timeScale().options().barSpacing ?? 6;
  }

  #place(band: Band): Drawn | undefined {
    if (!this.#attached) return undefined;
    const { chart, series } = this.#attached;
    const scale = chart.timeScale();
    const x = scale.timeToCoordinate(band.target);
    const [lower, upper] = [toY(series, band.lower), toY(series, band.upper)];
    if (x === null || lower === null || upper === null) return undefined;
    const expected = band.expected === undefined ? null : toY(series, band.expected);
    return { x, lower, upper, expected, fromX: scale.timeToCoordinate(band.from), fromY: toY(series, band.lastPrice) };
  }
}

function toY(series: ISeriesApi<SeriesType, Time>, price: number): number | null {
  return series.priceToCoordinate(price);
}

/** From the last close to both ends. */
function fan(
  context: CanvasRenderingContext2D,
  { x, lower, upper }: Drawn,
  fromX: number,
  fromY: number,
  ink: string,
): void {
  context.globalAlpha = 0.14;
  context.fillStyle = ink;
  context.beginPath();
  context.moveTo(fromX, fromY);
  context.lineTo(x, upper);
  context.lineTo(x, lower);
  context.fill();
  context.globalAlpha = 1;
}

/** An upright line with a cap at both ends. */
function whisker(
  context: CanvasRenderingContext2D,
  { x, lower, upper }: Drawn,
  cap: number,
  ink: string,
  width: number,
): void {
  context.strokeStyle = ink;
  context.lineWidth = width;
  context.beginPath();
  context.moveTo(x, upper);
  context.lineTo(x, lower);
  for (const y of [upper, lower]) {
    context.moveTo(x - cap, y);
    context.lineTo(x + cap, y);
  }
  context.stroke();
}
