/** How the gateway and the parts behind it are, by `/health`. */

export type Status = "SERVING" | "DEGRADED" | "NOT_SERVING";

/** Work that holds readiness back. */
export interface Latch {
  readonly name: string;
  readonly done: number;
  /** 0 when not known. */
  readonly total: number;
  readonly note: string;
}

export interface Part {
  readonly status: Status;
  readonly latency_ms?: number;
  readonly error?: string;
}

/** What is known of the mesh; `undefined` parts of it are not known yet. */
export interface Health {
  readonly isReachable: boolean;
  readonly isReady: boolean;
  readonly parts: Readonly<Record<string, Part>>;
  readonly latches: readonly Latch[];
}

/** Polled so often while something is awaited, and so often when all is well. */
const BUSY_MS = 400;
const CALM_MS = 5000;
const TIMEOUT_MS = 2500;

/** `/health` with a code of 200 whatever the state: a browser reports any other one as an error of the page. */
const PATH = "/health?not_serving=200";

interface Answer {
  readonly parts?: Record<string, Part & { latches?: Latch[] }>;
  readonly latches?: Latch[];
}

/** Reads an answer; a latch that several name is shown once. */
export function toHealth({ parts = {}, latches: own = [] }: Answer): Health {
  const all = [...own, ...Object.values(parts).flatMap((part) => part.latches ?? [])];
  const latches = [...new Map(all.map((latch) => [latch.name, latch])).values()];
  return { isReachable: true, isReady: latches.length === 0, parts, latches };
}

/** Whether every part serves and nothing is awaited. */
export function isWell(health: Health): boolean {
  return health.isReady && Object.values(health.parts).every((part) => part.status === "SERVING");
}

/** Asks again and again for as long as the page is looked at, and tells what it hears; returns what asks at once. */
export function watchHealth(tell: (health: Health) => void): () => void {
  let wake = (): void => {};
  const rest = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
      setTimeout(resolve, ms);
    });
  const watch = async (): Promise<void> => {
    let last: Health = { isReachable: false, isReady: false, parts: {}, latches: [] };
    for (;;) {
      if (!document.hidden) {
        last = await ask(last);
        tell(last);
      }
      await rest(isWell(last) && last.isReachable ? CALM_MS : BUSY_MS);
    }
  };
  void watch();
  return () => wake();
}

async function ask(last: Health): Promise<Health> {
  try {
    const response = await fetch(PATH, { signal: AbortSignal.timeout(TIMEOUT_MS), cache: "no-store" });
    return toHealth((await response.json()) as Answer);
  } catch {
    return { ...last, isReachable: false };
  }
}
