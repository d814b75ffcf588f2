/** One value, changed by functions, drawn once for each frame however often it changed. */
export class Store<T> {
  #isQueued = false;
  readonly #views: ((value: T) => void)[] = [];

  constructor(private value: T) {}

  get(): T {
    return this.value;
  }

  update(change: (value: T) => T): void {
    const changed = change(this.value);
    if (changed === this.value) return;
    this.value = changed;
    this.redraw();
  }

  draw(view: (value: T) => void): void {
    this.#views.push(view);
    this.redraw();
  }

  redraw(): void {
    if (this.#isQueued) return;
    this.#isQueued = true;
    requestAnimationFrame(() => {
      this.#isQueued = false;
      for (const view of this.#views) view(this.value);
    });
  }
}
