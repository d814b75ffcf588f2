/** How the gateway and the parts behind it are, by `/health` and `/readyz`. */

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

interface HealthAnswer {
  parts?: Record<string, Part & { latches?: Latch[] }>;
  latches?: Latch[];
}

interface ReadyAnswer {
  ready?: boolean;
  latches?: Latch[];
}

/** Joins both answers; a latch that several name is shown once. */
export function join(health: HealthAnswer, ready: ReadyAnswer): Health {
  const parts = health.parts ?? {};
  const all = [
    ...(ready.latches ?? []),
    ...(health.latches ?? []),
    ...Object.values(parts).flatMap((part) => part.latches ?? []),
  ];
  const latches = [...new Map(all.map((latch) => [latch.name, latch])).values()];
  return { isReachable: true, isReady: ready.ready === true && latches.length === 0, parts, latches };
}

/** Whether every part serves and nothing is awaited. */
export function isWell(health: Health): boolean {
  return health.isReady && Object.values(health.parts).every((part) => part.status === "SERVING");
}

/** Asks again and again for as long as the page is looked at, and tells what it hears. */
export function watchHealth(tell: (health: Health) => void): void {
  let last: Health = { isReachable: false, isReady: false, parts: {}, latches: [] };
  const ask = async (): Promise<void> => {
    if (!document.hidden) {
      last = await answer(last);
      tell(last);
    }
    setTimeout(() => void ask(), isWell(last) && last.isReachable ? CALM_MS : BUSY_MS);
  };
  void ask();
}

async function answer(last: Health): Promise<Health> {
  try {
    const [health, ready] = await Promise.all([get("/health"), get("/readyz")]);
    return join(health as HealthAnswer, ready as ReadyAnswer);
  } catch {
    return { ...last, isReachable: false };
  }
}

/** Both answer with JSON whatever their status. */
async function get(path: string): Promise<unknown> {
  const response = await fetch(path, { signal: AbortSignal.timeout(TIMEOUT_MS), cache: "no-store" });
  return response.json();
}
