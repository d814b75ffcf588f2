/** A call that is made again until it succeeds, or until something newer replaces it. */
import { Backoff } from "./backoff.ts";

/** Keeps one call going; a new one cancels the one before. */
export class Latest {
  #running: AbortController | undefined;
  #wake: (() => void) | undefined;

  /** Calls until it succeeds, then hands the answer on. */
  run<T>(call: (signal: AbortSignal) => Promise<T>, then: (answer: T) => void): void {
    this.cancel();
    const running = new AbortController();
    this.#running = running;
    void untilDone(call, then, (ms) => this.#rest(ms), running.signal).then(() => {
      if (this.#running === running) this.#running = undefined;
    });
  }

  /** Whether a call is going on. */
  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** Tries again at once if it rests between two tries. */
  hurry(): void {
    this.#wake?.();
  }

  #rest(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      setTimeout(resolve, ms);
    });
  }

  cancel(): void {
    this.#running?.abort();
    this.#running = undefined;
  }
}

async function untilDone<T>(
  call: (signal: AbortSignal) => Promise<T>,
  then: (answer: T) => void,
  rest: (ms: number) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const backoff = new Backoff(500, 4000, Math.random);
  while (!signal.aborted) {
    try {
      const answer = await call(signal);
      if (!signal.aborted) then(answer);
      return;
    } catch {
      // The page says what is lost from /health and the socket; here it is enough to come back.
      await rest(200 + backoff.next());
    }
  }
}
