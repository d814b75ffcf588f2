/** The parts of the mesh: each one's state and latency, and the progress of what is awaited. */
import { element, keyed, setAttribute, setText, slot } from "./dom.ts";
import { words } from "./format.ts";
import type { Health, Latch, Part } from "./health.ts";

/** Shown before the first answer. */
const NAMES = ["gateway", "market", "model", "portfolio"];

type Row = { readonly name: string; readonly status: string; readonly detail: string };

export function rowsOf(health: Health | undefined): readonly Row[] {
  if (!health) return NAMES.map((name) => ({ name, status: "asking", detail: "" }));
  if (!health.isReachable)
    return NAMES.map((name) => ({ name, status: name === "gateway" ? "unreachable" : "unknown", detail: "" }));
  const gateway: Row = { name: "gateway", status: health.isReady ? "ready" : "starting", detail: "" };
  const own = Object.entries(health.parts).filter(([name]) => name !== "gateway");
  return [
    gateway,
    ...own.map(([name, part]) => ({ name, status: statusText(part, name, health), detail: detailText(part) })),
  ];
}

/** A part that serves nothing because it still works at something is starting, not lost. */
function statusText(part: Part, name: string, health: Health): string {
  const awaits = health.latches.some((latch) => latch.name.startsWith(`${name}/`));
  return part.status === "NOT_SERVING" && awaits ? "starting" : words(part.status);
}

function detailText({ latency_ms, error }: Part): string {
  if (latency_ms !== undefined) return `${latency_ms < 10 ? latency_ms.toFixed(1) : Math.round(latency_ms)} ms`;
  return error ?? "";
}

/** `training 3 of 6 · AAPL`. */
export function latchText({ name, done, total, note }: Latch): string {
  const count = total > 0 ? `${done.toLocaleString("en")} of ${total.toLocaleString("en")}` : "";
  return [name.replace("/", " "), count, note].filter((text) => text !== "").join(" · ");
}

export function drawParts(list: HTMLElement, progress: HTMLElement, health: Health | undefined): void {
  keyed(list, rowsOf(health), (row) => row.name, createPart, fillPart);
  keyed(progress, health?.latches ?? [], (latch) => latch.name, createLatch, fillLatch);
  progress.hidden = !health || health.latches.length === 0;
}

function createPart(name: string): HTMLElement {
  return element(
    "li",
    "part",
    element("span", "part-name", name),
    " ",
    element("span", "part-status"),
    " ",
    element("span", "part-detail"),
  );
}

function fillPart(row: HTMLElement, { status, detail }: Row): void {
  setAttribute(row, "data-status", status);
  setText(slot(row, "part-status"), status);
  setText(slot(row, "part-detail"), detail);
}

function createLatch(): HTMLElement {
  return element("li", "latch", element("span", "latch-text"), element("progress", "latch-bar"));
}

function fillLatch(row: HTMLElement, latch: Latch): void {
  setText(slot(row, "latch-text"), latchText(latch));
  const bar = slot(row, "latch-bar") as HTMLProgressElement;
  setAttribute(bar, "aria-label", latch.name);
  if (latch.total > 0) {
    bar.max = latch.total;
    bar.value = latch.done;
  } else {
    bar.removeAttribute("value");
  }
}
