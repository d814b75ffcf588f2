/** Whether what is shown can be trusted at this moment, in words. */
import { FeedState } from "./gen/tickmesh/type/v1/stream_pb.ts";
import { setAttribute, setText } from "./dom.ts";
import { seconds } from "./format.ts";
import { CHANNELS, type Channel } from "./socket.ts";
import type { State } from "./state.ts";

export type Level = "ok" | "wait" | "bad";

export interface Notice {
  readonly level: Level;
  /** One or two words beside the lamp. */
  readonly short: string;
  /** A sentence for the alert line; empty when all is well. It holds no running figure, so that it is read out once. */
  readonly alert: string;
}

/** A stream that promises a message each interval is stale when one is a second late. */
const GRACE_MS = 1000;

/** Judges by the time of the browser. */
export function judge(state: State, now: number): Notice {
  const { link, health } = state;
  switch (link.kind) {
    case "paused":
      return { level: "wait", short: "paused", alert: "" };
    case "connecting":
      if (link.isAgain) return { level: "bad", short: "connecting", alert: lostText(health?.isReachable) };
      return { level: "wait", short: "connecting", alert: health?.isReachable === false ? unreachable : "" };
    case "lost": {
      const wait = Math.max(0, link.retryAt - now);
      return { level: "bad", short: `lost · again in ${seconds(wait)}`, alert: lostText(health?.isReachable) };
    }
    case "live":
      return judgeStreams(state, now);
  }
}

const unreachable = "The gateway cannot be reached. What is shown is old; trying again.";

function lostText(isReachable: boolean | undefined): string {
  return isReachable === false ? unreachable : "The live connection is lost. What is shown is old; connecting again.";
}

function judgeStreams(state: State, now: number): Notice {
  if (state.health?.isReachable && !state.health.isReady) return { level: "wait", short: "starting", alert: "" };
  const resting = CHANNELS.filter((channel) => state.channels[channel].refusal);
  if (resting.length > 0) return { level: "bad", short: "interrupted", alert: restingText(resting, state) };
  const late = CHANNELS.filter((channel) => isLate(state, channel, now));
  if (late.length > 0) return staleNotice(late, state, now);
  switch (state.feed?.state) {
    case FeedState.SILENT:
      return {
        level: "bad",
        short: "feed silent",
        alert: "The market feed is silent. Prices are older than they should be.",
      };
    case FeedState.ENDED:
      return { level: "ok", short: "ended", alert: "" };
    default:
      return { level: "ok", short: "live", alert: "" };
  }
}

function restingText(resting: readonly Channel[], state: State): string {
  const why = resting.map((channel) => state.channels[channel].refusal?.message ?? "")[0] ?? "";
  return `No ${resting.join(", ")} for now (${why}). What is shown of them is old; they come back by themselves.`;
}

function staleNotice(late: readonly Channel[], state: State, now: number): Notice {
  const oldest = Math.min(...late.map((channel) => state.channels[channel].lastAt ?? now));
  const alert = `Stale: no word of ${late.join(", ")} for longer than promised.`;
  return { level: "bad", short: `stale ${seconds(now - oldest)}`, alert };
}

function isLate(state: State, channel: Channel, now: number): boolean {
  const { lastAt, heartbeatMs } = state.channels[channel];
  return lastAt !== undefined && now - lastAt > heartbeatMs + GRACE_MS;
}

export function drawNotice(lamp: HTMLElement, alert: HTMLElement, notice: Notice): void {
  setAttribute(lamp, "data-level", notice.level);
  setText(lamp, notice.short);
  setText(alert, notice.alert);
  document.body.classList.toggle("is-old", notice.level === "bad");
}
