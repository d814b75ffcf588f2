/** The style sheet's colours, for what is drawn on canvas. */

export interface Theme {
  readonly paper: string;
  readonly ink: string;
  readonly muted: string;
  readonly rule: string;
  readonly up: string;
  readonly down: string;
  readonly font: string;
}

export function theme(): Theme {
  const style = getComputedStyle(document.documentElement);
  const value = (name: string): string => style.getPropertyValue(name).trim();
  return {
    paper: value("--panel"),
    ink: value("--ink"),
    muted: value("--muted"),
    rule: value("--rule"),
    up: value("--up"),
    down: value("--down"),
    font: getComputedStyle(document.body).fontFamily,
  };
}

/** Calls when the reader's light or dark preference changes. */
export function onThemeChange(call: () => void): void {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", call);
}
