/** The page: what it knows, where that comes from, and how it is drawn. */
import "./style.css";
import { drawBanner } from "./banner.ts";
import { Chart } from "./chart.ts";
import { take } from "./decode.ts";
import { part } from "./dom.ts";
import { type Health, watchHealth } from "./health.ts";
import { Loads } from "./loads.ts";
import { drawNotice, judge } from "./notice.ts";
import { drawParts } from "./parts.ts";
import { candlesOf, drawHeading, drawPicker } from "./picker.ts";
import { drawScore } from "./score.ts";
import { drawSignals } from "./signals.ts";
import { LiveSocket } from "./socket.ts";
import { initial, refused, type State } from "./state.ts";
import { Store } from "./store.ts";
import { drawWeights } from "./weights.ts";

/** How often staleness is judged. */
const JUDGE_MS = 250;

/** Over how long the tabs spread that come back to a gateway. */
const BACK_MS = 600;

const store = new Store<State>(initial);
const choose = (symbol: string): void => store.update((state) => ({ ...state, symbol }));

function drawEverything(): void {
  const chart = new Chart(part("chart"));
  const picker = part("symbol-picker") as HTMLSelectElement;
  picker.addEventListener("change", () => choose(picker.value));
  const heading = {
    last: part("last"),
    mark: part("last-mark"),
    change: part("last-change"),
    interval: part("interval"),
    chart: part("chart"),
  };
  store.draw((state) => {
    drawBanner(part("banner"), part("replay-progress"), part("announcement"), state);
    drawParts(part("parts"), part("latches"), state.health);
    drawPicker(picker, state);
    drawHeading(heading, state);
    drawSignals(part("signals-body"), part("signals-empty"), state, choose);
    drawWeights(part("weights-list"), part("weights-summary"), state.allocation);
    drawScore(part("score-list"), part("score-empty"), state.score);
    if (state.symbol) chart.show(state.symbol, candlesOf(state), state.bands.get(state.symbol) ?? []);
  });
}

function judgeNow(): void {
  drawNotice(part("connection"), part("alert"), judge(store.get(), Date.now()));
}

/** Opens the socket, and tells when it is lost; returns what opens it sooner than its backoff would. */
function goLive(onLost: () => void): () => void {
  const url = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/realtime`;
  const world = { connect: () => new WebSocket(url), now: Date.now, random: Math.random };
  const socket = new LiveSocket(world, {
    onLink: (link) => {
      store.update((state) => ({ ...state, link }));
      if (link.kind === "lost") onLost();
    },
    onData: (channel, data) => store.update((state) => take(state, channel, data, Date.now())),
    onRefusal: (channel, refusal) => store.update((state) => refused(state, channel, refusal)),
  });
  const follow = (): void => (document.hidden ? socket.pause() : socket.open());
  document.addEventListener("visibilitychange", follow);
  window.addEventListener("pagehide", () => socket.pause());
  window.addEventListener("pageshow", follow);
  window.addEventListener("online", follow);
  follow();
  return follow;
}

/** Tells how the mesh is; a gateway that is back is connected to soon, by every tab at another moment. */
function heardHealth(health: Health, connect: () => void, loads: Loads): void {
  const isBack = health.isReachable && store.get().health?.isReachable === false;
  const isNowReady = health.isReady && store.get().health?.isReady === false;
  store.update((state) => ({ ...state, health }));
  if (isBack) setTimeout(connect, Math.random() * BACK_MS);
  if (isNowReady) loads.hurry();
}

drawEverything();
const loads = new Loads(store);
const askHealth = watchHealth((health) => heardHealth(health, connect, loads));
const connect = goLive(askHealth);
loads.start();
store.draw(judgeNow);
setInterval(judgeNow, JUDGE_MS);
