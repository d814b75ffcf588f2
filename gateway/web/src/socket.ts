/**
 * The tab's one WebSocket: subscribes to every channel, remembers each channel's cursor, and comes back by itself with
 * jittered backoff from where it was. It is closed while the tab is hidden.
 */
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { Backoff } from "./backoff.ts";

/** The live streams of the mesh that the page shows. */
export const CHANNELS = ["bars", "signals", "allocations"] as const;
export type Channel = (typeof CHANNELS)[number];

/** The longest silence that the page asks every stream for. */
export const HEARTBEAT_MS = 1000;

/** Silence after which a connection counts as lost: 2.5 intervals. */
const LOST_AFTER_MS = 2.5 * HEARTBEAT_MS;

/** A gateway that has said that its parts are away may be silent for longer. */
const AWAY_LOST_AFTER_MS = 15_000;

const BASE_MS = 500;
const CAP_MS = 8000;

/** What the socket is doing. */
export type Link =
  /** `isAgain`: a connection was lost, and no message has come since. */
  | { readonly kind: "connecting"; readonly isAgain: boolean }
  | { readonly kind: "live" }
  | { readonly kind: "lost"; readonly why: string; readonly retryAt: number }
  | { readonly kind: "paused" };

/** Why a channel has nothing more, or nothing for now. */
export interface Refusal {
  readonly code: number;
  readonly message: string;
}

const UNAVAILABLE = 14;

export interface Listener {
  onLink(link: Link): void;
  onData(channel: Channel, data: JsonObject): void;
  onRefusal(channel: Channel, refusal: Refusal): void;
}

/** The message that asks for the streams. */
interface Subscription {
  readonly symbols: readonly string[];
  readonly channels: readonly Channel[];
  readonly heartbeat_interval: string;
  readonly best_effort: boolean;
  readonly resume_after: Readonly<Partial<Record<Channel, string>>>;
}

/** What the socket needs of its surroundings. */
export interface World {
  connect(): WebSocket;
  now(): number;
  random(): number;
}

export class LiveSocket {
  #socket: WebSocket | undefined;
  #cursors = new Map<Channel, string>();
  #away = new Set<Channel>();
  #lastMessage = 0;
  #isLive = false;
  /** A connection was lost, and no message has come since. */
  #isLost = false;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #askAgain: ReturnType<typeof setTimeout> | undefined;
  /** What this connection was asked for. Asking again with the same leaves running channels as they are. */
  #asked: Subscription | undefined;
  #watch: ReturnType<typeof setInterval> | undefined;
  readonly #backoff: Backoff;
  readonly #askBackoff: Backoff;

  constructor(
    private readonly world: World,
    private readonly listener: Listener,
  ) {
    this.#backoff = new Backoff(BASE_MS, CAP_MS, world.random);
    this.#askBackoff = new Backoff(BASE_MS, CAP_MS, world.random);
  }

  /** Connects, unless it is connected. */
  open(): void {
    if (this.#socket) return;
    clearTimeout(this.#retry);
    const socket = this.world.connect();
    this.#socket = socket;
    this.#lastMessage = this.world.now();
    this.#away.clear();
    this.listener.onLink({ kind: "connecting", isAgain: this.#isLost });
    socket.onopen = () => this.#ask(socket, this.#subscription());
    socket.onmessage = (event) => this.#receive(String(event.data));
    socket.onclose = (event) => this.#lost(socket, event.reason || "the connection was closed");
    this.#watch = setInterval(() => this.#checkSilence(socket), HEARTBEAT_MS / 4);
  }

  /** Closes for as long as nobody looks. */
  pause(): void {
    clearTimeout(this.#retry);
    this.#drop();
    this.listener.onLink({ kind: "paused" });
  }

  #ask(socket: WebSocket, subscription: Subscription): void {
    this.#asked = subscription;
    socket.send(JSON.stringify(subscription));
  }

  /** Every symbol, from where each channel was. */
  #subscription(): Subscription {
    return {
      symbols: [],
      channels: [...CHANNELS],
      heartbeat_interval: `${HEARTBEAT_MS / 1000}s`,
      best_effort: true,
      resume_after: Object.fromEntries(this.#cursors),
    };
  }

  #receive(text: string): void {
    const { channel, data, error } = JSON.parse(text) as { channel?: Channel; data?: JsonObject; error?: JsonObject };
    this.#lastMessage = this.world.now();
    if (!channel || !CHANNELS.includes(channel)) return;
    if (error) this.#refused(channel, error);
    if (data) this.#delivered(channel, data);
  }

  #delivered(channel: Channel, data: JsonObject): void {
    if (!this.#isLive) this.#settle();
    if (this.#away.delete(channel) && this.#away.size === 0) this.#askBackoff.reset();
    const cursor = data["cursor"] ?? endCursor(data["endOfStream"]);
    if (typeof cursor === "string" && cursor) this.#cursors.set(channel, cursor);
    this.listener.onData(channel, data);
  }

  #settle(): void {
    this.#isLive = true;
    this.#isLost = false;
    this.#backoff.reset();
    this.listener.onLink({ kind: "live" });
  }

  #refused(channel: Channel, error: JsonObject): void {
    const refusal = { code: Number(error["code"] ?? 2), message: String(error["message"] ?? "refused") };
    this.listener.onRefusal(channel, refusal);
    this.#away.add(channel);
    // After UNAVAILABLE the gateway goes on with the channel by itself; anything else has ended it.
    if (refusal.code !== UNAVAILABLE) this.#restart(channel);
  }

  /** Asks for an ended channel afresh, after a while, without its cursor; the other channels go on undisturbed. */
  #restart(channel: Channel): void {
    this.#cursors.delete(channel);
    const { [channel]: _, ...kept } = this.#asked?.resume_after ?? {};
    if (this.#asked) this.#asked = { ...this.#asked, resume_after: kept };
    clearTimeout(this.#askAgain);
    this.#askAgain = setTimeout(() => {
      if (this.#socket && this.#asked) this.#ask(this.#socket, this.#asked);
    }, BASE_MS + this.#askBackoff.next());
  }

  #checkSilence(socket: WebSocket): void {
    const limit = this.#away.size === CHANNELS.length ? AWAY_LOST_AFTER_MS : LOST_AFTER_MS;
    if (this.world.now() - this.#lastMessage > limit) this.#lost(socket, "no heartbeat");
  }

  #lost(socket: WebSocket, why: string): void {
    if (socket !== this.#socket) return;
    this.#drop();
    this.#isLost = true;
    const wait = this.#backoff.next();
    this.listener.onLink({ kind: "lost", why, retryAt: this.world.now() + wait });
    this.#retry = setTimeout(() => this.open(), wait);
  }

  #drop(): void {
    clearInterval(this.#watch);
    clearTimeout(this.#askAgain);
    this.#isLive = false;
    const socket = this.#socket;
    this.#socket = undefined;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }
}

function endCursor(end: JsonValue | undefined): JsonValue | undefined {
  return end && typeof end === "object" && !Array.isArray(end) ? end["cursor"] : undefined;
}
