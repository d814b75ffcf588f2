/** Few helpers over the document; changes touch only what is different, so that focus and selection stay. */

/** The page's element of this test id. */
export function part(testId: string): HTMLElement {
  const found = document.querySelector<HTMLElement>(`[data-testid="${testId}"]`);
  if (!found) throw new Error(`the page has no ${testId}`);
  return found;
}

/** A new element with a class and children. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const created = document.createElement(tag);
  if (className) created.className = className;
  created.append(...children);
  return created;
}

export function setText(target: Element, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

export function setAttribute(target: Element, name: string, value: string): void {
  if (target.getAttribute(name) !== value) target.setAttribute(name, value);
}

/** Rows by key: those that stay are changed in place, new ones are made, lost ones are removed. */
export function keyed<T>(
  parent: Element,
  items: readonly T[],
  keyOf: (item: T) => string,
  create: (key: string) => HTMLElement,
  fill: (row: HTMLElement, item: T) => void,
): void {
  const rows = new Map([...parent.children].map((row) => [(row as HTMLElement).dataset["key"], row as HTMLElement]));
  const wanted = items.map((item) => {
    const key = keyOf(item);
    const row = rows.get(key) ?? create(key);
    row.dataset["key"] = key;
    fill(row, item);
    return row;
  });
  wanted.forEach((row, i) => {
    if (parent.children[i] !== row) parent.insertBefore(row, parent.children[i] ?? null);
  });
  while (parent.children.length > wanted.length) parent.lastElementChild?.remove();
}

/** The child with this class. */
export function slot(row: Element, name: string): HTMLElement {
  const found = row.querySelector<HTMLElement>(`.${name}`);
  if (!found) throw new Error(`no .${name} here`);
  return found;
}
