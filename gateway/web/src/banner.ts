/** What is shown here: which market, up to when, how fast, and whether it counts. */
import { type Feed, Feed_Kind } from "./gen/tickmesh/market/v1/market_service_pb.ts";
import { ForecastQuality } from "./gen/tickmesh/model/v1/forecast_pb.ts";
import { FeedState } from "./gen/tickmesh/type/v1/stream_pb.ts";
import { setText } from "./dom.ts";
import { words } from "./format.ts";
import { marketDay, type State } from "./state.ts";

/** `REPLAY 2021-03-12 · 1 day/s · out of sample`. */
export function bannerText(state: State): string {
  const { feed } = state;
  if (!feed) return "Waiting for the market";
  const name = Feed_Kind[feed.kind] ?? "FEED";
  const date = marketDay(state);
  switch (feed.state) {
    case FeedState.WAITING:
      return `${name} ${date ?? ""} · waiting to begin`.replace("  ", " ");
    case FeedState.ENDED:
      return joined(`${name} ENDED ${date ?? ""}`.trim(), sampleText(state));
    default:
      return joined(`${name} ${date ?? ""}`.trim(), speedText(feed), sampleText(state));
  }
}

/** What is read out: the feed's state when it changes, never its running date. */
export function announcement(state: State): string {
  const { feed } = state;
  if (!feed) return "";
  const kind = words(Feed_Kind[feed.kind] ?? "feed");
  if (feed.state === FeedState.ENDED) return joined(bannerText(state), feed.note);
  return `${kind} is ${words(FeedState[feed.state] ?? "unknown")}`;
}

/** The line below: how far the replay is, and what to do next. */
export function progressText(feed: Feed | undefined): string {
  if (!feed) return "";
  const { sessionsDone, sessionsTotal, note } = feed;
  const sessions = sessionsTotal > 0 ? `session ${sessionsDone} of ${sessionsTotal}` : "";
  return joined(sessions, note);
}

function speedText({ speed }: Feed): string {
  if (speed === undefined) return "";
  return speed === 1 ? "1 day/s" : `${Number(speed.toPrecision(3))} days/s`;
}

/** Out of sample only if every forecast shown is. */
function sampleText({ signals }: State): string {
  const qualities = [...signals.values()].map((signal) => signal.quality);
  const made = qualities.filter((quality) => quality !== ForecastQuality.UNAVAILABLE);
  if (made.length === 0) return "no forecasts yet";
  const inSample = made.filter((quality) => quality === ForecastQuality.IN_SAMPLE).length;
  if (inSample === 0) return "out of sample";
  return inSample === made.length ? "in sample" : `${inSample} of ${made.length} in sample`;
}

function joined(...texts: string[]): string {
  return texts.filter((text) => text !== "").join(" · ");
}

export function drawBanner(line: HTMLElement, below: HTMLElement, aloud: HTMLElement, state: State): void {
  setText(line, bannerText(state));
  setText(aloud, announcement(state));
  setText(below, progressText(state.feed));
  const { sessionsDone = 0, sessionsTotal = 0 } = state.feed ?? {};
  const share = sessionsTotal > 0 ? sessionsDone / sessionsTotal : 0;
  document.documentElement.style.setProperty("--replayed", String(share));
}
