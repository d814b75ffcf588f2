/** What is asked for by unary calls: once, when the chosen symbol changes, and now and then while the replay goes on. */
import { market, forecasts, monitoring } from "./api.ts";
import { merged, toCandle } from "./candles.ts";
import { toBand } from "./interval.ts";
import { Latest } from "./retry.ts";
import { type State, withBands, withFeed, withInstruments, withSnapshots } from "./state.ts";
import type { Store } from "./store.ts";

/** Candles of history, and past intervals behind them. */
const HISTORY = 500;
const PAST_INTERVALS = 120;

/** How often the score and the feed are asked for. */
const REFRESH_MS = 1000;

export class Loads {
  readonly #instruments = new Latest();
  readonly #snapshots = new Latest();
  readonly #history = new Latest();
  readonly #past = new Latest();
  readonly #score = new Latest();
  readonly #feed = new Latest();
  #asked = "";
  #generation: number | undefined;

  constructor(private readonly store: Store<State>) {}

  /** Begins; the score and the feed are asked for again as long as the page is looked at. */
  start(): void {
    this.#loadInstruments();
    this.#refresh();
    setInterval(() => this.#refresh(), REFRESH_MS);
    this.store.draw((state) => this.#follow(state));
  }

  /** Asks at once for what rests between two tries or was empty, because the mesh has become ready. */
  hurry(): void {
    const all = [this.#instruments, this.#snapshots, this.#history, this.#past, this.#score, this.#feed];
    for (const load of all) load.hurry();
    this.#refresh();
  }

  /** Asks for history when the symbol is new, the log is another one, or something was lost. */
  #follow({ symbol, generation }: State): void {
    if (generation !== this.#generation) this.#loadSnapshots();
    this.#generation = generation;
    const wanted = `${symbol ?? ""} ${generation}`;
    if (!symbol || wanted === this.#asked) return;
    this.#asked = wanted;
    this.#loadHistory(symbol);
    this.#loadPast(symbol);
  }

  #loadInstruments(): void {
    this.#instruments.run(
      (signal) => market.listInstruments({ pageSize: 1000 }, { signal }),
      ({ instruments }) => this.store.update((state) => withInstruments(state, instruments)),
    );
  }

  /** Live bars say the change of a day from the second one on; these say it at once. */
  #loadSnapshots(): void {
    this.#snapshots.run(
      (signal) => market.batchGetSnapshots({}, { signal }),
      ({ results }) => {
        const found = results.flatMap(({ result }) => (result.case === "snapshot" ? [result.value] : []));
        this.store.update((state) => withSnapshots(state, found));
      },
    );
  }

  #loadHistory(symbol: string): void {
    this.#history.run(
      (signal) => market.listBars({ symbol, adjusted: false, descending: true, pageSize: HISTORY }, { signal }),
      ({ bars }) => {
        const history = bars
          .map(toCandle)
          .filter((candle) => candle !== undefined)
          .reverse();
        this.store.update((state) => {
          const all = merged(history, state.candles.get(symbol) ?? []);
          return { ...state, candles: new Map(state.candles).set(symbol, all) };
        });
      },
    );
  }

  #loadPast(symbol: string): void {
    this.#past.run(
      (signal) => forecasts.listForecasts({ symbols: [symbol], pageSize: PAST_INTERVALS }, { signal }),
      (answer) => {
        const past = answer.forecasts.map(toBand).filter((band) => band !== undefined);
        this.store.update((state) => {
          const newer = state.bands.get(symbol) ?? [];
          return { ...state, bands: withBands(withBands(state.bands, symbol, past), symbol, newer) };
        });
      },
    );
  }

  #refresh(): void {
    if (document.hidden) return;
    if (!this.#score.isRunning) {
      this.#score.run(
        (signal) => monitoring.getLiveScore({}, { signal }),
        (score) => this.store.update((state) => ({ ...state, score })),
      );
    }
    if (this.#feed.isRunning) return;
    this.#feed.run(
      (signal) => market.getReplayWindow({}, { signal }),
      ({ feed }) => this.store.update((state) => withFeed(state, feed)),
    );
  }
}
