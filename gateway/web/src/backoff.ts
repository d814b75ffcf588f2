/** Waiting times between tries: exponential with full jitter, so that many tabs do not come back at once. */
export class Backoff {
  #tries = 0;

  constructor(
    private readonly baseMs: number,
    private readonly capMs: number,
    private readonly random: () => number,
  ) {}

  /** The next wait in milliseconds: uniform between 0 and a bound that doubles up to the cap. */
  next(): number {
    const bound = Math.min(this.capMs, this.baseMs * 2 ** this.#tries);
    this.#tries += 1;
    return this.random() * bound;
  }

  /** Begins again after a success. */
  reset(): void {
    this.#tries = 0;
  }
}
