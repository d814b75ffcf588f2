/** The chart of the chosen symbol: candles with history, and the next bar's interval drawn ahead. */
import {
  CandlestickSeries,
  type ChartOptions,
  ColorType,
  createChart,
  type DeepPartial,
  type IChartApi,
  type IPriceLine,
  type ISeriesApi,
  LineSeries,
} from "lightweight-charts";
import { Bands } from "./bands.ts";
import type { Candle } from "./candles.ts";
import { type Band, nextBand } from "./interval.ts";
import { onThemeChange, type Theme, theme } from "./theme.ts";

/** Width of a session at first, in pixels, and the sessions left free for the interval ahead. */
const SESSION_WIDTH = 10;
const ROOM_AHEAD = 5;

export class Chart {
  readonly #chart: IChartApi;
  readonly #candles: ISeriesApi<"Candlestick">;
  /** Holds the target's date, so that the time scale has a place for it. */
  readonly #ahead: ISeriesApi<"Line">;
  readonly #bands = new Bands();
  /** Axis labels of the last close and of both ends of the next interval. */
  readonly #labels: readonly IPriceLine[];
  #theme: Theme = theme();
  #shown: { symbol: string; candles: readonly Candle[] } | undefined;
  #bandsShown: readonly Band[] = [];

  constructor(container: HTMLElement) {
    this.#chart = createChart(container, options(this.#theme));
    this.#ahead = this.#chart.addSeries(LineSeries, {
      visible: true,
      lastValueVisible: false,
      priceLineVisible: false,
      lineVisible: false,
      crosshairMarkerVisible: false,
    });
    this.#candles = this.#chart.addSeries(CandlestickSeries, candleColours(this.#theme));
    this.#candles.attachPrimitive(this.#bands);
    this.#labels = [this.#newLabel(), this.#newLabel(), this.#newLabel()];
    onThemeChange(() => this.#repaint());
  }

  /** Draws what has changed; a new symbol, and history that comes after live candles, is fitted into view. */
  show(symbol: string, candles: readonly Candle[], bands: readonly Band[]): void {
    const before = this.#shown;
    const last = candles.at(-1);
    if (before?.symbol !== symbol || !isOneMore(before.candles, candles)) this.#candles.setData(candles.map(copy));
    else if (last && before.candles !== candles) this.#candles.update(copy(last));
    this.#shown = { symbol, candles };
    this.#showBands(bands, last);
    if (before?.symbol !== symbol || reachesFurtherBack(before.candles, candles)) this.#fit(candles.length);
  }

  #showBands(bands: readonly Band[], last: Candle | undefined): void {
    const next = nextBand(bands, last);
    const past = bands.filter((band) => last !== undefined && band.target <= last.time);
    this.#bandsShown = bands;
    this.#ahead.setData(next ? [{ time: next.target }] : []);
    this.#bands.show(past, next, this.#theme);
    this.#showLabels([last?.close, next?.upper, next?.lower]);
  }

  #showLabels(prices: readonly (number | undefined)[]): void {
    this.#labels.forEach((line, i) => {
      const price = prices[i];
      line.applyOptions({ price: price ?? 0, axisLabelVisible: price !== undefined, ...this.#labelColours(i === 0) });
    });
  }

  #labelColours(isLast: boolean): { axisLabelColor: string; axisLabelTextColor: string } {
    const { ink, paper, rule } = this.#theme;
    return isLast
      ? { axisLabelColor: ink, axisLabelTextColor: paper }
      : { axisLabelColor: rule, axisLabelTextColor: ink };
  }

  #newLabel(): IPriceLine {
    return this.#candles.createPriceLine({ price: 0, lineVisible: false, axisLabelVisible: false });
  }

  #fit(count: number): void {
    const visible = this.#chart.timeScale().width() / SESSION_WIDTH;
    this.#chart.timeScale().setVisibleLogicalRange({ from: count + ROOM_AHEAD - visible, to: count + ROOM_AHEAD });
  }

  #repaint(): void {
    this.#theme = theme();
    this.#chart.applyOptions(options(this.#theme));
    this.#candles.applyOptions(candleColours(this.#theme));
    this.#showBands(this.#bandsShown, this.#shown?.candles.at(-1));
  }
}

/** The library changes what it is given. */
function copy(candle: Candle): Candle {
  return { ...candle };
}

/** Whether the candles are those of before and at most one more, or a changed last one. */
function isOneMore(before: readonly Candle[], after: readonly Candle[]): boolean {
  const more = after.length - before.length;
  return (
    before.length > 0 &&
    (more === 0 || more === 1) &&
    after[0] === before[0] &&
    after[before.length - 2] === before.at(-2)
  );
}

/** Whether history has come; candles that are dropped or added at the end leave the reader's view alone. */
function reachesFurtherBack(before: readonly Candle[], after: readonly Candle[]): boolean {
  const [first, was] = [after[0], before[0]];
  return first !== undefined && (was === undefined || first.time < was.time);
}

/** Up is a hollow candle and down a full one, so that colour is not all that tells them apart. */
function candleColours({ paper, up, down }: Theme): object {
  return {
    upColor: paper,
    downColor: down,
    borderUpColor: up,
    borderDownColor: down,
    wickUpColor: up,
    wickDownColor: down,
    priceLineVisible: false,
    lastValueVisible: false,
  };
}

function options({ paper, muted, rule, font }: Theme): DeepPartial<ChartOptions> {
  return {
    autoSize: true,
    layout: {
      background: { type: ColorType.Solid, color: paper },
      textColor: muted,
      fontFamily: font,
      fontSize: 11,
      // The library would add an inline style sheet, which default-src 'self' forbids; the page carries the mark itself.
      attributionLogo: false,
    },
    grid: { vertLines: { visible: false }, horzLines: { color: rule } },
    rightPriceScale: { borderVisible: false, scaleMargins: { top: 0.08, bottom: 0.06 } },
    timeScale: {
      borderColor: rule,
      rightOffset: ROOM_AHEAD,
      fixLeftEdge: true,
      // A new candle takes the place that was kept for its interval; the view moves on all the same.
      allowShiftVisibleRangeOnWhitespaceReplacement: true,
    },
    crosshair: { vertLine: { labelBackgroundColor: muted }, horzLine: { labelBackgroundColor: muted } },
    localization: { dateFormat: "yyyy-MM-dd" },
    handleScroll: { vertTouchDrag: false },
  };
}
